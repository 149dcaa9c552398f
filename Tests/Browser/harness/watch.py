"""Notes what goes wrong in a browser besides what a scenario looks at."""

import re


class Watch:
    """Errors in the console, errors of scripts, violations of the Content-Security-Policy, refused and failed requests, dialogs."""

    def __init__(self):
        self.findings = []
        self.allowed = []

    def follow(self, context):
        context.on("console", self.console)
        context.on("weberror", lambda error: self.note(f"error of a script: {error.error}"))
        context.on("requestfailed", self.failed)
        context.on("response", self.response)
        context.on("dialog", self.dialog)

    def allow(self, *patterns):
        """What this scenario brings about on purpose: statuses, or regular expressions for findings."""
        for pattern in patterns:
            self.allowed.append(rf"\b{pattern}\b" if isinstance(pattern, int) else pattern)

    @staticmethod
    def has_scripts(request):
        return request.frame.page.look.has_scripts

    def note(self, finding):
        self.findings.append(finding)

    def console(self, message):
        if message.type in ("error", "warning"):
            self.note(f"console: {message.text} ({message.location.get('url')})")

    def failed(self, request):
        # Where scripts are switched off, chromium fails their preloads this way.
        if request.failure == "csp" and request.url.endswith(".js") and not self.has_scripts(request):
            return
        # Leaving a page ends its requests.
        if request.failure == "net::ERR_ABORTED":
            return
        self.note(f"failed: {request.method} {request.url} {request.failure}")

    def response(self, response):
        if response.status >= 400:
            self.note(f"response: {response.request.method} {response.url} {response.status}")

    def dialog(self, dialog):
        self.note(f"dialog: {dialog.type} {dialog.message}")
        dialog.dismiss()

    def unexpected(self):
        return [each for each in self.findings if not any(re.search(pattern, each) for pattern in self.allowed)]
