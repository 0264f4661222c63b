"""Ask with the real Chromium, headless: a page with its assets, calls of both origins, and the next page."""

import sys

from playwright.sync_api import Error, sync_playwright

url, _, locale, *flags = sys.argv[1:]
locale = None if locale == "-" else locale
arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--ignore-certificate-errors", *flags]
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments, timeout=20_000)
    page = browser.new_context(ignore_https_errors=True, locale=locale).new_page()
    try:
        page.goto(f"{url}/page", timeout=10_000)
        page.wait_for_function("document.title == 'done'", timeout=10_000)
        page.click("#next", timeout=5_000)
        page.wait_for_load_state(timeout=5_000)
    except Error as problem:
        print(str(problem)[:300], file=sys.stderr)
    browser.close()
