// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

let domainRoutes = [
    AdminRoute(.get, "v1/domains") { (_, context) throws(AdminError) in
        .array(try await context.requireDirectory().domainRecords().map(\.json))
    },
    AdminRoute(.post, "v1/domains") { (request, context) throws(AdminError) in
        let name = try Domain(checking: request.text("name"))
        let original = try request.optionalText("aliasOf").map { (text) throws(AdminError) in try Domain(checking: text)
        }
        return try await context.requireDirectory().addDomainRecord(name, aliasOf: original).json
    },
    AdminRoute(.delete, "v1/domains/:name") { (request, context) throws(AdminError) in
        try await context.requireDirectory().removeDomainRecord(Domain(checking: request.path[2]))
        return [:]
    },
]

extension Domain {
    /// Throws in words for people.
    package init(checking text: String) throws(AdminError) {
        guard let domain = Domain(text) else {
            throw AdminError(.invalid, "\"\(PrintableText.escaped(text))\" is not a domain name.")
        }
        self = domain
    }
}

extension MailboxAddress {
    /// Throws in words for people.
    package init(checking text: String) throws(AdminError) {
        guard let address = MailboxAddress(text) else {
            throw AdminError(.invalid, "\"\(PrintableText.escaped(text))\" is not an address of the form user@domain.")
        }
        self = address
    }
}
