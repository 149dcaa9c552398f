"""A museum with exhibitions and bookings in every state, in the page's language."""

import datetime
import zoneinfo

from .museum import until

WORDS = {
    "ko": {"monet": "모네: 빛의 정원", "klimt": "클림트, 황금의 시대", "photos": "한국 근현대 사진", "porcelain": "조선의 백자",
           "canceled": "이응노: 문자추상", "first": "제1전시홀", "second": "제2전시홀", "garden": "야외 정원",
           "visitors": [("김하늘", "휠체어"), ("이바다", ""), ("박나래", "초등학교 4학년 단체"), ("최은우", "")], "me": ("정하나", "유모차")},
    "en": {"monet": "Monet: Garden of Light", "klimt": "Klimt and the Golden Age", "photos": "A Century of Photographs",
           "porcelain": "White Porcelain of Joseon", "canceled": "Lee Ungno: Letters", "first": "Hall 1", "second": "Hall 2",
           "garden": "Sculpture Garden",
           "visitors": [("Anna Lee", "wheelchair"), ("Ben Okafor", ""), ("Mina Park", "school class"), ("Tom Weber", "")],
           "me": ("Jane Doe", "pushchair")},
}


class Season:
    """A museum with exhibitions and bookings in every state, and a browser session that has some of them."""

    def __init__(self, museum, page):
        self.museum, self.page = museum, page
        self.words = words = WORDS[page.look.language]
        self.today = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Seoul")).date()
        first, second = words["first"], words["second"]
        self.open = self.add("monet", first, 1, 40, startTime="10:00", endTime="11:30")
        self.sold_out = self.add("monet", first, 1, 12, startTime="14:00", endTime="15:30")
        self.closed = self.add("klimt", second, 1, 30, startTime="16:00", endTime="17:00")
        self.canceled = self.add("canceled", second, 2, 25, startTime="11:00")
        self.add("photos", second, 2, 60)
        self.add("porcelain", first, 3, 20, startTime="19:00", endTime="20:30")
        self.untitled = museum.register(hall=words["garden"], date=self.day(3), capacity=200)
        self.over = self.add("photos", second, 0, 15, startTime="00:00", endTime="00:01")
        self.deleted = self.add("porcelain", first, 4, 25, startTime="11:00")
        for number, (name, note) in enumerate(words["visitors"]):
            fields = {"name": name, **({"note": note} if note else {}), "contact": f"visitor{number}@example.org"}
            museum.book(self.open, f"member-{1001 + number}", seats=number + 2, **fields)
        museum.book(self.sold_out, "member-1001", seats=12, name=words["visitors"][0][0])
        museum.book(self.closed, "member-1002", seats=9, name=words["visitors"][1][0])
        museum.change("PATCH", f"/museums/{self.closed}", {"status": "CLOSED"})
        museum.change("DELETE", f"/museums/{self.deleted}")
        session = self.send("POST", "/sessions", {})
        self.visitor = session["subject"]
        self.dropped = self.book(self.open, 1)
        self.send("PATCH", f"/books/{self.dropped}", {"status": "CANCELED"})
        self.forced = self.book(self.canceled, 2)
        museum.change("DELETE", f"/museums/{self.canceled}")
        self.booking = self.book(self.open, 2)
        until("bookings have their states", lambda: (museum.row(self.dropped)["status"], museum.row(self.forced)["status"])
              == ("CANCELED", "FORCE_CANCELED"))

    def day(self, days):
        return (self.today + datetime.timedelta(days)).isoformat()

    def add(self, title, hall, days, capacity, **times):
        return self.museum.register(title=self.words[title], hall=hall, date=self.day(days), capacity=capacity, **times)

    def send(self, method, path, body):
        """A request of the browser's session."""
        response = self.page.request.fetch(path, method=method, data=body, headers={"Origin": self.museum.url})
        assert response.ok, f"{method} {path}: {response.status} {response.text()}"
        return response.json()

    def book(self, exhibition, seats):
        name, note = self.words["me"]
        fields = {"museumId": exhibition, "visitor": self.visitor, "seats": seats, "name": name, "note": note,
                  "contact": "sky@example.org"}
        booking = self.send("POST", "/books", fields)["id"]
        until("the booking is admitted", lambda: self.museum.row(booking).get("admission") == "CONFIRMED")
        return booking
