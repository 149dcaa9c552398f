import ArgumentParser

/// The option `--role`.
struct RoleOptions: ParsableArguments {
    @Option(help: "Roles, separated by commas: book, museum, confirm, mypage, gateway.")
    var role: String?

    /// The roles that are named; `nil` without the option.
    var named: Set<Role>? { role.flatMap(Role.list) }

    func validate() throws {
        if role != nil, named == nil {
            throw ValidationError("--role takes book, museum, confirm, mypage and gateway, separated by commas")
        }
    }
}
