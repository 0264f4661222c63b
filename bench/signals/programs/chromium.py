"""Visit a page with Chromium: ``chromium.py URL VERSION AGENT WINDOW`` (``VERSION`` 1 or 2, ``WINDOW`` yes or no)."""

import sys

from playwright.sync_api import sync_playwright

url, version, agent, window = sys.argv[1:]
flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--ignore-certificate-errors"]
if version == "1":
    flags.append("--disable-http2")
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=window != "yes", args=flags)
    context = browser.new_context(ignore_https_errors=True, user_agent=None if agent == "-" else agent)
    page = context.new_page()
    page.goto(f"{url}/", timeout=20_000)
    page.wait_for_function("document.title == 'done'", timeout=10_000)
    browser.close()
