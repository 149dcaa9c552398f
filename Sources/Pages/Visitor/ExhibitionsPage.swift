import Contracts
import HTTPServer

/// Exhibitions by day, from today on.
struct ExhibitionsPage: Sendable {
    let site: Site

    /// What of a page's exhibitions at most.
    private static let limit = 60
    /// Pages of the API that are read at most to fill one: a title is looked for here.
    private static let readsAtMost = 5

    struct Item {
        let id: String
        let title: String
        /// `nil` where the hall stands for a title.
        let hall: String?
        let time: String?
        let state: String
        let stateText: String
        let available: Int
        let seatsText: String
    }

    struct Day {
        let date: String
        let text: String
        var exhibitions: [Item]
    }

    private struct Filter {
        var date: String?
        var hall: String?
        var title: String?
        var cursor: String?

        init(_ request: CollectedRequest) {
            let query = PageQuery(request)
            date = query["date"]
            hall = query["hall"]
            title = query["title"]
            cursor = query["cursor"]
        }

        var isSet: Bool { date != nil || hall != nil || title != nil }
    }

    func response(_ request: CollectedRequest, _ context: AppRequestContext) async -> DocumentResponse {
        let (visit, api) = await site.visit(request, context)
        let filter = Filter(request)
        var content: [String: Any] = [
            "date": filter.date ?? "", "hall": filter.hall ?? "", "title": filter.title ?? "", "today": site.localTime.date,
            "isFiltered": filter.isSet,
        ]
        do throws(MuseumAPI.Refusal) {
            let (found, next) = try await exhibitions(filter, api)
            content["days"] = days(found, visit)
            content["isEmpty"] = found.isEmpty
            if let next {
                content["next"] =
                    "/museums"
                    + MuseumAPI.query(["date": filter.date, "hall": filter.hall, "title": filter.title, "cursor": next])
            }
            return site.page("exhibitions", title: visit.texts["exhibitions"], content, script: "exhibitions.js", to: visit)
        } catch {
            content["error"] = FormError(error, visit.texts)
            return site.page("exhibitions", title: visit.texts["exhibitions"], content, status: error.status, to: visit)
        }
    }

    private func exhibitions(
        _ filter: Filter, _ api: MuseumAPI
    ) async throws(MuseumAPI.Refusal) -> (found: [Exhibition], next: String?) {
        var found: [Exhibition] = []
        var cursor = filter.cursor
        // A title is anywhere among many, so larger pages are read.
        let size = filter.title == nil ? Self.limit : 200
        for _ in 1...Self.readsAtMost {
            let query = MuseumAPI.query([
                "date": filter.date, "from": filter.date == nil ? site.localTime.date : nil, "hall": filter.hall,
                "size": String(size), "cursor": cursor,
            ])
            let page = try await api.get("/museums" + query)
            var exhibitions = page.embedded("museums").compactMap(Exhibition.init)
            if let title = filter.title {
                exhibitions = exhibitions.filter { $0.title?.lowercased().contains(title.lowercased()) ?? false }
            }
            found += exhibitions
            cursor = page.nextCursor
            if cursor == nil || found.count >= Self.limit { break }
        }
        return (found, cursor)
    }

    private func days(_ exhibitions: [Exhibition], _ visit: Visit) -> [Day] {
        let now = site.localTime
        var days: [Day] = []
        for exhibition in exhibitions {
            if days.last?.date != exhibition.date {
                days.append(Day(date: exhibition.date, text: visit.local.day(exhibition.date), exhibitions: []))
            }
            days[days.count - 1].exhibitions.append(Item(exhibition, at: now, visit))
        }
        return days
    }
}

extension ExhibitionsPage.Item {
    init(_ exhibition: Exhibition, at now: LocalDateTime, _ visit: Visit) {
        let state = exhibition.state(at: now)
        self.init(
            id: exhibition.id, title: exhibition.title ?? exhibition.hall,
            hall: exhibition.title == nil ? nil : exhibition.hall,
            time: visit.local.time(from: exhibition.startTime, to: exhibition.endTime), state: state.rawValue,
            stateText: visit.texts["state.\(state.rawValue)"], available: exhibition.available,
            seatsText: visit.texts.count("seatsLeft", exhibition.available))
    }
}
