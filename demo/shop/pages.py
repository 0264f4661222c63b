"""The HTML pages, their script and style: thin shells that load everything from the API, as shops do today."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo.shop.api import session_of, set_sid

__all__ = ["ASSETS", "PAGES"]

_SHELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Outfitter</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="/static/logo.svg"><link rel="stylesheet" href="/static/shop.css"></head>
<body data-page="{page}" data-argument="{argument}">
<header><a class="home" href="/"><img src="/static/logo.svg" alt="" width="28" height="28">Outfitter</a>
<nav><a href="/products">All products</a><a href="/cart">Cart</a><a href="/login">Sign in</a></nav>
<form id="search"><input name="q" aria-label="Search" placeholder="Search"><button>Search</button></form></header>
<main>{body}</main><script src="/static/shop.js"></script></body></html>
"""

_SCRIPT = """'use strict';
const page = document.body.dataset.page, argument = document.body.dataset.argument;
const main = document.querySelector('main');
async function call(method, path, body) {
  const options = {method, headers: {accept: 'application/json'}};
  if (body) { options.body = JSON.stringify(body); options.headers['content-type'] = 'application/json'; }
  const response = await fetch(path, options);
  return {status: response.status, body: await response.json().catch(() => ({}))};
}
function list(items) {
  const ul = document.createElement('ul');
  ul.className = 'products';
  for (const item of items) {
    const link = document.createElement('a');
    link.href = '/p/' + item.id;
    link.textContent = item.name + ' \\u2013 ' + item.price.toFixed(2) + ' \\u20ac';
    ul.appendChild(document.createElement('li')).appendChild(link);
  }
  main.querySelectorAll('ul.products').forEach(old => old.remove());
  main.appendChild(ul);
}
function say(text) { document.querySelector('#say').textContent = text; }
const pages = {
  async home() {
    await call('GET', '/api/bootstrap');
    list((await call('GET', '/api/products?page=1')).body.items);
  },
  async listing() {
    const where = new URLSearchParams(location.search);
    const found = await call('GET', '/api/products?' + new URLSearchParams(
      {category: where.get('category') || '', page: where.get('page') || '1'}));
    list(found.body.items);
    const next = document.querySelector('#next');
    where.set('page', String(found.body.page + 1));
    next.href = '/products?' + where;
  },
  async product() {
    const found = await call('GET', '/api/products/' + argument);
    if (found.status !== 200) { say('This product is gone.'); return; }
    document.querySelector('h1').textContent = found.body.name;
    document.querySelector('#description').textContent = found.body.description;
    const price = await call('GET', '/api/products/' + argument + '/price');
    document.querySelector('#price').textContent = price.body.price.toFixed(2) + ' \\u20ac';
    document.querySelector('#buy').onclick = async () => {
      const added = await call('POST', '/api/cart/items', {id: Number(argument)});
      say(added.status === 201 ? 'In your cart.' : 'That did not work.');
    };
  },
  async cart() {
    const found = await call('GET', '/api/cart');
    list(found.body.items);
    document.querySelector('#total').textContent = found.body.total.toFixed(2) + ' \\u20ac';
  },
  async login() {
    document.querySelector('#login').onsubmit = async event => {
      event.preventDefault();
      const form = new FormData(event.target);
      const got = await call('POST', '/api/login', {email: form.get('email'), password: form.get('password')});
      say(got.status === 200 ? 'Welcome, ' + got.body.email + '.' : 'Please try again.');
    };
  },
};
document.querySelector('#search').onsubmit = async event => {
  event.preventDefault();
  const words = new FormData(event.target).get('q');
  list((await call('GET', '/api/search?' + new URLSearchParams({q: words}))).body.items);
};
pages[page]().then(() => { document.body.dataset.ready = 'yes'; });
"""

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#23302a;background:#f7f6f2}
header{display:flex;gap:1.5rem;align-items:center;padding:.8rem 1.5rem;background:#24513f}
header a{color:#fff;text-decoration:none;margin-right:1rem}
.home{font-weight:700}.home img{vertical-align:middle;margin-right:.5rem}
main{max-width:44rem;margin:1.5rem auto;padding:0 1rem}ul.products{list-style:none;padding:0}
ul.products li{padding:.5rem;border-bottom:1px solid #ddd9cc}button{padding:.3rem .8rem}
"""

_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M4 27 16 5l12 22z" fill="#e6b450"/>
<path d="M16 13v14h-5z" fill="#24513f"/></svg>
"""

_ROBOTS = "User-agent: *\nDisallow: /api/internal/\n"

_PRODUCT = (
    '<h1>…</h1><p id="description"></p><p><b id="price"></b></p>'
    '<p><button id="buy">Put in cart</button> <span id="say"></span></p>'
)
_LOGIN = (
    '<h1>Sign in</h1><form id="login"><p><input name="email" type="email" placeholder="E-mail"></p>'
    '<p><input name="password" type="password" placeholder="Password"></p><p><button>Sign in</button></p></form>'
    '<p id="say"></p>'
)


def _page(request: Request, page: str, title: str, body: str, argument: str = "") -> Response:
    html = _SHELL.format(page=page, title=title, body=body, argument=escape(argument))
    response = Response(html, media_type="text/html", headers={"cache-control": "no-store"})
    return response if session_of(request) else set_sid(response, request.app.state.shop.open_session())


async def home(request: Request) -> Response:
    return _page(request, "home", "Home", "<h1>For the way up</h1>")


async def products_page(request: Request) -> Response:
    return _page(request, "listing", "Products", '<h1>Products</h1><p><a id="next" href="#">Next page</a></p>')


async def product_page(request: Request) -> Response:
    return _page(request, "product", "Product", _PRODUCT, str(request.path_params["id"])[:20])


async def cart_page(request: Request) -> Response:
    return _page(request, "cart", "Cart", '<h1>Your cart</h1><p>Total <b id="total"></b></p>')


async def login_page(request: Request) -> Response:
    return _page(request, "login", "Sign in", _LOGIN)


def _asset(text: str, media_type: str) -> Route:
    body = text.encode()

    async def asset(request: Request) -> Response:
        return Response(body, media_type=media_type, headers={"cache-control": "public, max-age=3600"})

    name = {"text/css": "shop.css", "text/javascript": "shop.js", "image/svg+xml": "logo.svg"}.get(media_type)
    return Route(f"/static/{name}" if name else "/robots.txt", asset)


ASSETS = [
    _asset(_SCRIPT, "text/javascript"),
    _asset(_STYLE, "text/css"),
    _asset(_LOGO, "image/svg+xml"),
    _asset(_ROBOTS, "text/plain"),
]
PAGES = [
    Route("/", home),
    Route("/products", products_page),
    Route("/p/{id}", product_page),
    Route("/cart", cart_page),
    Route("/login", login_page),
]
