// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let store = Command(
        "store",
        summary: "Look after the message store",
        discussion: "Every back-end worker has a store of its own; the verbs go over all of them.",
        subcommands: [.storeExport]
    )
}
