// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailTypes
internal import Settings

extension AccountDirectory {
    /// Which accounts an envelope recipient stands for: case of the local part ignored, aliases followed, `user+detail`
    /// taken as `user`, postmaster always found.
    package func resolve(_ path: ForwardPath) async -> Resolution {
        let policy = ResolutionPolicy(settings.current)
        let question = DirectoryCache.Question.resolution(path, policy)
        do {
            let answer = try await answer(to: question) { database in
                do {
                    return .resolution(try AddressResolver(database: database, policy: policy).resolve(path))
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
}
