SwaggerUIBundle({
  url: "openapi.json",
  domNode: document.getElementById("reference"),
  deepLinking: true,
  // Nothing is asked of any other host.
  validatorUrl: null,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
