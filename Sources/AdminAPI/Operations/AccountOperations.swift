// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Settings

let accountRoutes = [
    AdminRoute(.get, "v1/accounts") { (request, context) throws(AdminError) in
        let domain = try request["domain"].map { (text) throws(AdminError) in try Domain(checking: text) }
        return .array(try await context.requireDirectory().accountRecords(in: domain).map(\.json))
    },
    AdminRoute(.post, "v1/accounts") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.text("address"))
        let secret = try AccountSecret(request)
        let change = try AccountChange(request.body)
        return try await context.requireDirectory().addAccountRecord(address, secret: secret, change).json
    },
    AdminRoute(.get, "v1/accounts/:address") { (request, context) throws(AdminError) in
        try await context.requireDirectory().accountRecord(MailboxAddress(checking: request.path[2])).json
    },
    AdminRoute(.patch, "v1/accounts/:address") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        let change = try AccountChange(request.body)
        return try await context.requireDirectory().changeAccountRecord(address, change).json
    },
    AdminRoute(.put, "v1/accounts/:address/password") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        let secret = try AccountSecret(request)
        let directory = try context.requireDirectory()
        try await directory.setAccountSecret(address, secret)
        return try await directory.accountRecord(address).json
    },
    AdminRoute(.put, "v1/accounts/:address/forward") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        guard let texts = request.body?["targets"]?.strings else {
            throw AdminError(.badRequest, "The body must have \"targets\", a list of addresses.")
        }
        let keepsCopy = request.body?["keepCopy"]?.bool ?? true
        let targets = try [MailboxAddress](checking: texts)
        return try await context.requireDirectory()
            .setForwardRecord(address, targets: targets, keepsCopy: keepsCopy).json
    },
    AdminRoute(.get, "v1/accounts/:address/app-passwords") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        return .array(try await context.requireDirectory().appPasswordRecords(of: address).map(\.json))
    },
    AdminRoute(.post, "v1/accounts/:address/app-passwords") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        let name = try request.text("name")
        let services = request.body?["services"]?.strings ?? ["imap", "pop3", "submission"]
        return try await context.requireDirectory().addAppPasswordRecord(address, name: name, services: services).json
    },
    AdminRoute(.delete, "v1/accounts/:address/app-passwords/:name") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        try await context.requireDirectory().removeAppPasswordRecord(address, name: request.path[4])
        return [:]
    },
    AdminRoute(.delete, "v1/accounts/:address") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        let keepsMail = try request["keepMail"].map { (text) throws(AdminError) in
            guard let claim = Bool(settingText: text) else {
                throw AdminError(.badRequest, "\"keepMail\" must be true or false.")
            }
            return claim
        }
        try await context.requireDirectory().removeAccountRecord(address, keepsMail: keepsMail ?? false)
        return [:]
    },
]

extension AccountSecret {
    /// Reads `password` or `passwordHash`, of which one may be given; `nil` for neither.
    init?(_ request: AdminRequest) throws(AdminError) {
        switch (try request.optionalText("password"), try request.optionalText("passwordHash")) {
        case (nil, nil): return nil
        case (let password?, nil): self = .password(Array(password.utf8))
        case (nil, let hash?): self = .hash(hash)
        default: throw AdminError(.badRequest, "Give \"password\" or \"passwordHash\", not both.")
        }
    }
}

extension AccountChange {
    /// Reads `enabled`, `imap`, `pop3`, `submission` (booleans), `quota` (octets) and `quotaMessages` (numbers; 0 for
    /// no bound, null for the server's default), and `saveSent` (boolean, null for the server's default).
    init(_ body: JSONValue?) throws(AdminError) {
        self.init()
        isEnabled = try Self.claim("enabled", body)
        imap = try Self.claim("imap", body)
        pop3 = try Self.claim("pop3", body)
        submission = try Self.claim("submission", body)
        quotaOctets = try Self.quota("quota", body)
        quotaMessages = try Self.quota("quotaMessages", body)
        savesSent = try Self.claimOrDefault("saveSent", body)
    }

    private static func claim(_ name: String, _ body: JSONValue?) throws(AdminError) -> Bool? {
        switch body?[name] {
        case nil: return nil
        case .bool(let claim)?: return claim
        default: throw AdminError(.badRequest, "\"\(name)\" in the body must be true or false.")
        }
    }

    private static func claimOrDefault(_ name: String, _ body: JSONValue?) throws(AdminError) -> Claim? {
        if body?[name] == .null { return .default }
        return try claim(name, body).map { .set($0) }
    }

    private static func quota(_ name: String, _ body: JSONValue?) throws(AdminError) -> Quota? {
        switch body?[name] {
        case nil: return nil
        case .null?: return .default
        case .integer(0)?: return .unlimited
        case .integer(let bound)? where bound > 0: return .limited(bound)
        default:
            throw AdminError(
                .badRequest,
                "\"\(name)\" in the body must be a number, 0 for no bound, or null for the server's default."
            )
        }
    }
}
