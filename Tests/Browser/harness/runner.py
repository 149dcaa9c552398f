"""Runs scenarios, one after another, in one browser for each group."""

import contextlib
import importlib
import io
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from playwright.sync_api import expect, sync_playwright

from .look import Look
from .museum import Museum
from .watch import Watch

FOLDER = pathlib.Path(__file__).resolve().parents[1]
# Containers run as root, and have little shared memory.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


def scenario(*looks, **options):
    """Marks a scenario: a function of a Run, and of a look if looks are named."""
    def mark(function):
        function.looks = looks or [None]
        function.options = options
        return function
    return mark


def scenarios_of(group):
    module = importlib.import_module(f"scenarios.{group}")
    functions = [each for each in vars(module).values() if hasattr(each, "looks") and each.__module__ == module.__name__]
    return [(function, look) for function in functions for look in function.looks]


class Run:
    """What a scenario gets: a museum, a browser, and what it needs to say."""

    def __init__(self, arguments, browser, failures):
        self.arguments = arguments
        self.browser = browser
        self.failures = failures
        self.figures = []
        self.stack = contextlib.ExitStack()

    def start_museum(self, **options):
        """Another museum, until the scenario ends."""
        return self.stack.enter_context(Museum(self.arguments.program, **options))

    def open(self, look=Look(), museum=None, **options):
        """A page of a new browser session."""
        context = self.browser.new_context(base_url=(museum or self.museum).url, **(look.context | options))
        context.set_default_timeout(15000)
        self.watch.follow(context)
        self.stack.callback(context.close)
        page = context.new_page()
        page.look = look
        return page

    def perform(self, name, function, look, museum):
        """Returns whether the scenario passed."""
        began = time.monotonic()
        self.museum = museum
        self.watch = Watch()
        with contextlib.ExitStack() as self.stack:
            try:
                function(self, *([] if look is None else [look]))
                unexpected = self.watch.unexpected()
                assert not unexpected, "the pages must do without errors; seen: " + "\n".join(unexpected[:10])
                print(f"passed: {name} ({time.monotonic() - began:.1f} s)", flush=True)
                return True
            except Exception as error:
                self.keep(name, error)
                return False

    def keep(self, name, error):
        """Leaves the pages of a failed scenario in a folder."""
        folder = self.failures / "".join(character if character.isalnum() else "-" for character in name)
        folder.mkdir(parents=True, exist_ok=True)
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if "/scenarios/" in frame.filename]
        where = f"{pathlib.Path(own[-1].filename).name}:{own[-1].lineno}: {own[-1].line}" if own else ""
        reason = str(error).split("Aria snapshot")[0].strip()
        print(f"FAILED: {name}\n  {where}\n  {reason[:3000]}\n  see {folder}", flush=True)
        (folder / "error.txt").write_text("".join(traceback.format_exception(error)) + "\n" + "\n".join(self.watch.findings))
        pages = [page for context in self.browser.contexts for page in context.pages]
        for number, page in enumerate(pages, 1):
            try:
                (folder / f"{number}.html").write_text(f"<!-- {page.url} -->\n{page.content()}")
                page.screenshot(path=folder / f"{number}.png", full_page=True, timeout=5000)
            except Exception as other:
                print(f"  {page.url} can't be kept: {other}")

    def picture(self, page, name):
        """A picture of the page for the documentation, if pictures are wanted."""
        if self.arguments.screenshots:
            from PIL import Image
            content = page.screenshot(full_page=True, animations="disabled")
            self.arguments.screenshots.mkdir(parents=True, exist_ok=True)
            # A page has few colors. With a palette a picture has a third of the bytes.
            few = Image.open(io.BytesIO(content)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
            few.save(self.arguments.screenshots / f"{name}{page.look.suffix}.png", optimize=True)


def run_group(arguments, group, failures, playwright):
    """Returns how many scenarios there were, and how many failed."""
    wanted = [(function, look) for function, look in scenarios_of(group)]
    names = {id(function): function.__name__.replace("_", " ") for function, _ in wanted}
    chosen = [(f"{group}: {names[id(function)]}" + (f" [{look}]" if look else ""), function, look) for function, look in wanted]
    chosen = [each for each in chosen if (arguments.scenario or "") in each[0]]
    if not chosen:
        return 0, 0
    failed = 0
    chromium = shutil.which("chromium") or sys.exit("run: chromium is not installed")
    with contextlib.ExitStack() as stack:
        browser = stack.enter_context(contextlib.closing(playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)))
        run = Run(arguments, browser, failures)
        museums = {}
        for name, function, look in chosen:
            key = tuple(sorted(function.options.items()))
            if key not in museums:
                museums[key] = stack.enter_context(Museum(arguments.program, **function.options))
            failed += not run.perform(name, function, look, museums[key])
        module = importlib.import_module(f"scenarios.{group}")
        if arguments.figures and hasattr(module, "write_figures"):
            module.write_figures(arguments.figures, run.figures)
        for museum in museums.values():
            bugs = [line for name in museum.processes if name != "redis" for line in museum.log(name).splitlines()
                    if line.endswith(" bug") or "Fatal" in line]
            failed += bool(bugs)
            print(*bugs[:20], sep="\n", end="\n" if bugs else "")
    return len(chosen), failed


def run_groups(arguments):
    """The exit code: 0 if every scenario has passed."""
    groups = sorted(file.stem for file in (FOLDER / "scenarios").glob("[a-z]*.py"))
    unknown = set(arguments.only.split(",")) - set(groups) if arguments.only else set()
    if unknown:
        sys.exit(f"run: no group {', '.join(unknown)}; there are {', '.join(groups)}")
    if not arguments.screenshots:
        groups.remove("pictures")
    failures = arguments.failures or pathlib.Path(tempfile.mkdtemp(prefix="skmuseum-browser-failures-"))
    expect.set_options(timeout=15000)
    count = failed = 0
    with sync_playwright() as playwright:
        for group in arguments.only.split(",") if arguments.only else groups:
            found, wrong = run_group(arguments, group, failures, playwright)
            count, failed = count + found, failed + wrong
    print(f"{count} scenarios, {failed} failed")
    if not failed and not arguments.failures:
        failures.rmdir()
    return 1 if failed or not count else 0
