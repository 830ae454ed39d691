// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailTypes
internal import Settings

extension AccountDirectory {
    /// What an envelope recipient stands for: case of the local part ignored, aliases, groups and forwards followed,
    /// `user+detail` taken as `user`, postmaster always found, `*` for what the domain has not.
    package func resolve(_ path: ForwardPath) async -> Resolution { await resolve(path, closed: []) }

    /// As `resolve(_:)`, and what is behind some groups is left out.
    ///
    /// - Parameter closed: their addresses, with folded local parts.
    func resolve(_ path: ForwardPath, closed: Set<MailboxAddress>) async -> Resolution {
        let policy = ResolutionPolicy(settings.current)
        let question = DirectoryCache.Question.resolution(path, policy, closed: closed)
        do {
            let answer = try await answer(to: question) { database in
                do {
                    let resolver = AddressResolver(database: database, policy: policy, closed: closed)
                    return .resolution(try resolver.resolve(path))
                } catch is AliasExpansion.TooLarge {
                    throw DirectoryError(.invalid, "\(path) stands for too many accounts.")
                }
            }
            guard case .resolution(let resolution) = answer else { return .temporary }
            return resolution
        } catch {
            let definition: EventDefinition = error.code == .invalid ? .aliasTooLarge : .directoryUnavailable
            events.record(
                definition,
                ["directory.address": .string("\(path)"), "error.description": .string(error.description)]
            )
            return .temporary
        }
    }

    /// As `resolve(_: ForwardPath)`.
    package func resolve(_ address: MailboxAddress) async -> Resolution { await resolve(.address(address)) }

    /// The addresses that one stands for, with local parts folded; `nil` when the directory cannot tell now.
    package func members(of address: MailboxAddress) async -> Set<MailboxAddress>? {
        let addresses: [MailboxAddress]
        switch await resolve(address) {
        case .accounts(let recipients): addresses = recipients.map(\.address)
        case .expanded(let expansion): addresses = expansion.members.map(\.place.address)
        case .unknown, .disabled, .notLocal: addresses = []
        case .temporary: return nil
        }
        return Set(addresses.map { MailboxAddress(folding: $0) })
    }

    /// The accounts whose own an address is: the primary one, and aliases of it.
    ///
    /// Members of a group do not own its address, and an account owns its address wherever its mail goes on to.
    package func owners(of address: MailboxAddress) async -> Resolution {
        let policy = ResolutionPolicy(settings.current)
        do {
            let answer = try await answer(to: .owners(address, policy)) { database in
                let resolver = AddressResolver(database: database, policy: policy, scope: .aliases)
                return .resolution(try resolver.resolve(.address(address)))
            }
            guard case .resolution(let resolution) = answer else { return .temporary }
            return resolution
        } catch {
            events.record(
                .directoryUnavailable,
                ["directory.address": .string("\(address)"), "error.description": .string(error.description)]
            )
            return .temporary
        }
    }
}
