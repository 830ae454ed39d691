// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

let aliasRoutes = [
    AdminRoute(.get, "v1/aliases") { (request, context) throws(AdminError) in
        let domain = try request["domain"].map { (text) throws(AdminError) in try Domain(checking: text) }
        return .array(try await context.requireDirectory().aliasRecords(in: domain).map(\.json))
    },
    AdminRoute(.post, "v1/aliases") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.text("address"))
        return try await context.requireDirectory().addAliasRecord(address, targets: targets(request)).json
    },
    AdminRoute(.put, "v1/aliases/:address") { (request, context) throws(AdminError) in
        let address = try MailboxAddress(checking: request.path[2])
        return try await context.requireDirectory().setAliasRecord(address, targets: targets(request)).json
    },
    AdminRoute(.delete, "v1/aliases/:address") { (request, context) throws(AdminError) in
        try await context.requireDirectory().removeAliasRecord(MailboxAddress(checking: request.path[2]))
        return [:]
    },
]

private func targets(_ request: AdminRequest) throws(AdminError) -> [MailboxAddress] {
    guard let texts = request.body?["targets"]?.strings, !texts.isEmpty else {
        throw AdminError(.badRequest, "The body must have \"targets\", a list of at least one address.")
    }
    return try [MailboxAddress](checking: texts)
}

extension [MailboxAddress] {
    init(checking texts: [String]) throws(AdminError) {
        self = try texts.map { (text) throws(AdminError) in try MailboxAddress(checking: text) }
    }
}
