// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Resolver
internal import SMTPServer

/// Asks the resolver about the domains of senders.
struct SenderDomains: SenderDomainPolicy {
    private let resolver: any MailHostResolver

    init(_ resolver: any MailHostResolver) { self.resolver = resolver }

    func takesNoMail(_ domain: Domain) async -> Bool {
        guard !domain.isAddressLiteral else { return false }
        return await resolver.mailHosts(of: domain).failure?.class == .nullMX
    }
}
