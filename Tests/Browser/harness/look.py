"""How a browser looks at the pages, and the words that must be there in each language."""

import dataclasses
import json
import pathlib

TEXTS = pathlib.Path(__file__).resolve().parents[3] / "Sources/Pages/Resources/texts"


@dataclasses.dataclass(frozen=True)
class Look:
    language: str = "en"
    width: int = 1280
    is_dark: bool = False
    has_scripts: bool = True

    def __str__(self):
        words = [self.language, f"{self.width} px"]
        words += ["dark"] if self.is_dark else []
        words += [] if self.has_scripts else ["without JavaScript"]
        return ", ".join(words)

    @property
    def suffix(self):
        """Of a picture's name."""
        return f"-{self.language}" + ("-phone" if self.width < 600 else "") + ("-dark" if self.is_dark else "")

    @property
    def context(self):
        """The options of a browser's context."""
        return {
            "locale": {"ko": "ko-KR", "en": "en-GB"}[self.language],
            "viewport": {"width": self.width, "height": 800 if self.width > 600 else 740},
            "has_touch": self.width < 600,
            "color_scheme": "dark" if self.is_dark else "light",
            "java_script_enabled": self.has_scripts,
            "timezone_id": "America/New_York",
            "reduced_motion": "reduce",
        }


# What the museum calls things. These words are written here a second time on purpose: the pages must have them.
STATUS = {
    "ko": {"REQUESTED": "예약 접수", "REQUEST_COMPLETED": "예약 완료", "CONFIRMED": "입장 승인", "CANCELED": "예약 취소",
           "FORCE_CANCELED": "강제 취소"},
    "en": {"REQUESTED": "Booking received", "REQUEST_COMPLETED": "Booking completed", "CONFIRMED": "Admission confirmed",
           "CANCELED": "Booking canceled", "FORCE_CANCELED": "Canceled by the museum"},
}
STATE = {
    "ko": {"sold-out": "매진", "closed": "예약 마감"},
    "en": {"sold-out": "Sold out", "closed": "Bookings closed"},
}
SEATS_LEFT = {"ko": "남은 자리 {}석", "en": "{} seats left"}


def texts(language):
    """All texts of the pages."""
    found = {}
    for file in TEXTS.glob(f"*.{language}.json"):
        found |= json.loads(file.read_text())
    return found
