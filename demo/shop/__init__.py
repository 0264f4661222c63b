"""The demo shop: some thirty endpoints over an invented catalogue, held in memory and made from a seed.

``catalogue`` is what the shop sells and who its customers are, ``state`` what changes while it runs, ``api`` the JSON
endpoints, ``pages`` the HTML that a browser clicks through, ``accesslog`` the side channel from which a judge reads
which client reached the shop, where and when. Start it with ``python -m demo.shop --port 8000``.
"""
