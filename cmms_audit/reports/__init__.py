"""The reports: one dict (report.json), and one module for each format that is made from it.

Public functions, each in the module that needs its libraries, so that nothing heavy is imported in vain:

    document.build(run, card, findings, guide, reproduce={}) -> dict        the report itself
    curl.curl_line(exchange, *, show_values=False) -> str | None            the line that repeats an exchange
    json.render_json(report) -> str                                         report.json
    html.render_html(report, exchanges=(), *, show_values=False) -> str     report.html, one file
    terminal.render_terminal(report, console, *, files=()) -> None          for a person at a terminal
    markdown.render_markdown(report) -> str                                 report.md
"""
