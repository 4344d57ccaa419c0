"""The switch between light, dark and what the system says; the browser remembers it."""

from nicegui import context, ui

from webui import theme

NEXT: dict[bool | None, bool | None] = {None: False, False: True, True: None}
ICON = {None: "brightness_auto", False: "light_mode", True: "dark_mode"}
WORD = {None: "auto", False: "light", True: "dark"}
TIP = {
    None: "Light or dark: as the system says",
    False: "Light",
    True: "Dark",
}


def theme_switch() -> None:
    """The button of one tab, and the appearance that it switches."""
    request = context.client.request
    wanted = theme.wanted(dict(request.cookies))
    dark = ui.dark_mode(wanted)
    button = ui.button(icon=ICON[wanted]).props(
        'flat dense data-key="d" aria-label="Light or dark"'
    )
    button.classes("tmq-wide-only")
    with button:
        tip = ui.tooltip(TIP[wanted])

    def switch() -> None:
        chosen = NEXT[dark.value]
        dark.set_value(chosen)
        button.set_icon(ICON[chosen])
        tip.set_text(TIP[chosen])
        ui.run_javascript(f"trialmq.remember('{theme.COOKIE}', '{WORD[chosen]}')")

    button.on_click(switch)
