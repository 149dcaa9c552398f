import HTTPServer

/// What operators see. The page's script asks the API.
struct OperatorRoutes: Routes {
    let site: Site

    func add(to router: AppRouter) {
        router.page("operator", for: .admins) { request, context in
            let (visit, _) = await site.visit(request, context)
            return site.page("operator", title: visit.texts["operatorHeading"], [:], script: "operator.js", to: visit)
        }
    }
}
