
// If a server serves this page, the page can call only the API of this server.
const served = location.pathname === '/docs'
const text = id => document.getElementById(id).textContent
// Nobody owns a name that ends with `.example` (RFC 2606). So a call with an example sends nothing to a stranger.
const description = JSON.parse(
  text('openapi').replaceAll('https://example.com', 'https://callbacks.example').replaceAll('https://auth.example.com', 'https://auth.example'),
)
if (served) {
  description.servers = [{ url: location.origin, description: 'This server' }]
}

// A chapter about callbacks: how to verify them in several languages, and the callback with its text and examples.
const chapter = 'Receive callbacks'
description.tags.splice(1, 0, { name: chapter, description: JSON.parse(text('receivers')) })
description.webhooks = {}
for (const operation of Object.values(description.paths).flatMap(Object.values)) {
  // The page shows the examples of optional parameters. A call has only those that the reader selects.
  for (const parameter of operation.parameters ?? []) {
    if (!parameter.required && parameter.example !== undefined) {
      parameter.examples = { example: { value: parameter.example, 'x-disabled': true } }
      delete parameter.example
    }
  }
  for (const [name, callback] of Object.entries(operation.callbacks ?? {})) {
    const [item] = Object.values(callback)
    description.webhooks[name] = { post: { ...item.post, tags: [chapter] } }
  }
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
