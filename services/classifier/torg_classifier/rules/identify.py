"""The language identifier as a dependency: py3langid on an instance of its own, restricted to what can occur here."""

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from torg_classifier.domain.language import Identify

_LANGUAGES = ["no", "nn", "en", "pl", "uk", "da", "sv"]  # its bokmål is `no`; `nb` raises
_NOTHING_KNOWN = -1e30


def identifier() -> Identify:
    """Loads the model: half a second, once, in `app.py`."""
    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages(_LANGUAGES)

    def identify(text: str) -> tuple[str, bool]:
        # a text without known features comes back with the minimum score and an arbitrary code
        code, score = model.classify(text)
        return str(code), float(score) > _NOTHING_KNOWN

    return identify
