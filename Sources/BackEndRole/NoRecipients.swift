// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import SASL
internal import SMTPServer

/// On the way from the transport every recipient comes with its account; one that does not is nobody.
struct NoRecipients: RecipientResolver {
    func resolve(
        _ recipient: ForwardPath,
        from sender: ReversePath,
        user: AuthenticatedUser?
    ) async -> RecipientResolution { .unknown }
}
