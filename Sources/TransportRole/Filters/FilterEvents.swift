// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events

extension EventDefinition {
    static let filterUnusable = EventDefinition(
        9405,
        "transport.filter.unusable",
        .warning,
        text: "A filter wanted a change that could not be made; the message went on without it.",
        cause: "An address or a field name that is none, or a recipient that is not reached from here.",
        action: "Look at the filter's configuration."
    )
}
