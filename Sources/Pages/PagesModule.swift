public import Contracts
public import Foundation
public import HTTPServer

/// The pages put together: what they serve, and how they show errors.
public struct PagesModule: Sendable {
    public let routes: any Routes
    public let problems: any ProblemPages

    /// - Parameters:
    ///   - api: the routes of the museum's API.
    ///   - timeZone: the museum's.
    ///   - isOpen: whether no keys are configured, so that everybody may do everything.
    /// - Throws: where a template or an asset of the program is broken.
    public init(api: RouteDispatcher, timeZone: TimeZone, isOpen: Bool, now: @escaping CurrentTime) throws {
        let site = try Site(api: api, timeZone: timeZone, isOpen: isOpen, now: now)
        routes = PageRoutes(site: site)
        problems = ProblemPage(site: site)
    }
}

/// All pages.
private struct PageRoutes: Routes {
    let site: Site

    /// A page asks the API several times.
    var answerWithin: Duration { .seconds(5) }

    func add(to router: AppRouter) {
        let groups: [any Routes] = [
            AssetRoutes(assets: site.assets), LanguageRoutes(site: site), VisitorRoutes(site: site), SignInRoutes(site: site),
            StaffRoutes(site: site), OperatorRoutes(site: site),
        ]
        for routes in groups { routes.add(to: router) }
    }
}
