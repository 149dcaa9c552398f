import HTTPServer
import HTTPTypes

/// `/assets`.
struct AssetRoutes: Routes {
    let assets: Assets

    func add(to router: AppRouter) {
        router.get("assets/\(assets.version)/{id}", for: .everybody) { request, context in
            try assets.response(to: request, name: try context.id { $0 }, isCurrent: true)
        }
        router.get("assets/{version}/{id}", for: .everybody) { request, context in
            try assets.response(to: request, name: try context.id { $0 }, isCurrent: false)
        }
    }
}

/// `/language/{tag}`: keeps the language that somebody has chosen.
struct LanguageRoutes: Routes {
    let site: Site

    func add(to router: AppRouter) {
        router.page("language/{id}", for: .everybody) { request, context in
            let language = try context.id(Language.init)
            let query = try RequestQuery(request, known: ["return"])
            let cookie = Site.cookie(
                Language.cookieName, language.rawValue, isSecure: !AccessPolicy.isLoopback(request.authority), isForScripts: false
            )
            return Site.redirect(to: LocalPath.checked(query["return"]), headers: [.setCookie: cookie])
        }
    }
}

/// Where a page may lead on to: only to this site.
enum LocalPath {
    static func checked(_ path: String?) -> String {
        guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), path.utf8.count <= 2000,
            path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return "/" }
        return path
    }
}
