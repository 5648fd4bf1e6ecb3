
// Only the page that a server serves can reach an API: that server's own.
const served = location.pathname === '/docs'
const description = JSON.parse(document.getElementById('openapi').textContent)
if (served) {
  description.servers = [{ url: location.origin, description: 'This server' }]
}

// The `type` of a problem leads here.
const problem = () => location.hash.startsWith('#problem-') && document.getElementById(location.hash.slice(1))
const problems = document.getElementById('problems')
const showProblem = () => {
  if (problem()) {
    problems.open = true
    problem().scrollIntoView()
  }
}
addEventListener('hashchange', showProblem)
showProblem()

Scalar.createApiReference('#reference', {
  content: description,
  slug: 'api',
  // It would take a problem's anchor for one of its own, and write over it.
  urlRouting: !problem(),
  hideTestRequestButton: !served,
  authentication: { preferredSecurityScheme: 'bearerAuth' },
  defaultOpenAllTags: true,
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  // Everything that would reach another host, or keep a token.
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
})
