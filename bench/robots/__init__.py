"""What is known of robots: ``curated`` by hand from what operators publish, ``listed`` from public lists."""
