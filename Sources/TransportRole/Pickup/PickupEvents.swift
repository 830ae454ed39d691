// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let pickupRejected = EventDefinition(
        4164,
        "pickup.rejected",
        .error,
        text: "A file in the pickup folder was set aside: no message could be made of it.",
        cause: "pickup.reason says what is wrong with it; its sender, or postmaster, has a report.",
        action: "Mend the file in the folder bad below the pickup folder and move it back, or delete it."
    )
    static let pickupTaken = EventDefinition(
        9406,
        "pickup.taken",
        .information,
        text: "A message was taken from the pickup folder.",
        cause: "The queue has it.",
        action: "None."
    )
    static let pickupHalted = EventDefinition(
        9407,
        "pickup.halted",
        .error,
        text: "Mail in the pickup folder waits, for it cannot be taken.",
        cause: "The queue takes nothing, a filter is away, or the folder cannot be used; pickup.reason says which.",
        action: "Do what the reason asks for; taking goes on by itself."
    )
}

/// Events of the pickup folder.
package let pickupEvents: [EventDefinition] = [.pickupRejected, .pickupTaken, .pickupHalted]
