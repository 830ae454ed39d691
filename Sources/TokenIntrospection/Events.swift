// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let introspectionFailed = EventDefinition(
        9210,
        "oauth.introspection.failed",
        .error,
        text: "The authorization server could not be asked about tokens; log-ons were put off.",
        cause:
            "It is not there, took too long, refused this server's own name and password, or said what is no answer.",
        action: "Read the reason in the fields; look at oauth/introspection-url, oauth/client-id and oauth/timeout."
    )
}

/// Every event of this module.
package let tokenIntrospectionEvents: [EventDefinition] = [.introspectionFailed]
