// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes
internal import SASL
internal import SMTPServer

/// On the way from the transport every recipient comes with its account; one that does not is nobody.
struct StoreRecipients: RecipientResolver {
    let store: any MailStore

    func resolve(
        _ recipient: ForwardPath,
        from sender: ReversePath,
        user: AuthenticatedUser?
    ) async -> RecipientResolution { .unknown }

    /// Only that the quota is used up is said here; whatever else is wrong with an account, the delivery finds out.
    func admission(of deliveries: [LocalDelivery], octets: UInt64?) async -> RecipientResolution {
        for delivery in deliveries {
            do throws(MailStoreError) {
                let account = try await store.account(delivery.account, deadline: .now)
                guard try await account.quota().refuses(octets: octets ?? 0) else { return .deliver(deliveries) }
            } catch {
                return .deliver(deliveries)
            }
        }
        return .overQuota
    }
}
