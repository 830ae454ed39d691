// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

let groupRoutes = [
    AdminRoute(.get, "v1/groups") { (request, context) throws(AdminError) in
        let domain = try request["domain"].map { (text) throws(AdminError) in try Domain(checking: text) }
        return .array(try await context.requireDirectory().groupRecords(in: domain).map(\.json))
    },
    AdminRoute(.post, "v1/groups") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.text("address"))
        let change = try GroupRecordChange(request.body)
        return try await context.requireDirectory().addGroupRecord(address, change).json
    },
    AdminRoute(.get, "v1/groups/:address") { (request, context) throws(AdminError) in
        try await context.requireDirectory().groupRecord(MailboxAddress(checking: request.path[2])).json
    },
    AdminRoute(.patch, "v1/groups/:address") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        let change = try GroupRecordChange(request.body)
        return try await context.requireDirectory().changeGroupRecord(address, change).json
    },
    AdminRoute(.delete, "v1/groups/:address") { (request, context) throws(AdminError) in
        try await context.requireDirectory().removeGroupRecord(MailboxAddress(checking: request.path[2]))
        return [:]
    },
]

extension GroupRecordChange {
    /// Reads `owner` (an address, or null for none), `senders`, `members`, `add` and `remove` (lists).
    init(_ body: JSONValue?) throws(AdminError) {
        self.init()
        switch body?["owner"] {
        case nil: break
        case .null?: owner = .some(nil)
        case .string(let text)?: owner = .some(try MailboxAddress(checking: text))
        default: throw AdminError(.badRequest, "\"owner\" in the body must be an address, or null.")
        }
        senders = try Self.texts("senders", body)
        members = try Self.texts("members", body).map { (texts) throws(AdminError) in
            try [MailboxAddress](checking: texts)
        }
        added = try [MailboxAddress](checking: Self.texts("add", body) ?? [])
        removed = try [MailboxAddress](checking: Self.texts("remove", body) ?? [])
    }

    private static func texts(_ name: String, _ body: JSONValue?) throws(AdminError) -> [String]? {
        guard let value = body?[name] else { return nil }
        guard let texts = value.strings else {
            throw AdminError(.badRequest, "\"\(name)\" in the body must be a list of texts.")
        }
        return texts
    }
}
