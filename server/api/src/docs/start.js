
// If a server serves this page, the page can call only the API of this server.
const served = location.pathname === '/docs'
const description = JSON.parse(document.getElementById('openapi').textContent)
if (served) {
  description.servers = [{ url: location.origin, description: 'This server' }]
}

// The `type` of a problem and the `help` of an attempt refer to an anchor on this page.
const explanation = () => /^#(problem|outcome)-/.test(location.hash) && document.getElementById(location.hash.slice(1))
const showExplanation = () => {
  if (explanation()) {
    explanation().closest('details').open = true
    explanation().scrollIntoView()
  }
}
addEventListener('hashchange', showExplanation)
showExplanation()

Scalar.createApiReference('#reference', {
  content: description,
  slug: 'api',
  // Scalar's URL routing would overwrite the anchor of an explanation.
  urlRouting: !explanation(),
  hideTestRequestButton: !served,
  authentication: { preferredSecurityScheme: 'bearerAuth' },
  defaultOpenAllTags: true,
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  // These options disable all functions that contact another host or store a token.
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
})
