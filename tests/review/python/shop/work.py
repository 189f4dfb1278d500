"""What steps do: a moment's work."""


def work(text):
    return text
