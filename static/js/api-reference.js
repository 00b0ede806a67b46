// Starts Swagger UI (a classic script, loaded before this module) on the schema of this server.
const place = document.getElementById("swagger-ui");

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor(request) {
    // Who is signed in may try requests without a token; those that change something need Django's CSRF header.
    if (!["GET", "HEAD", undefined].includes(request.method)) request.headers["X-CSRFToken"] = place.dataset.csrf;
    return request;
  },
});
