// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let store = Command(
        "store",
        summary: "Look after the message store",
        discussion:
            "Every back-end worker has a store of its own; the verbs go over all of them. They work at a running "
            + "server, whose mail goes on meanwhile, and without one. docs/upkeep.md says what to use when.",
        subcommands: [
            .storeStat, .storeCheck, .storeScrub, .storeRepair, .storeCompact, .storeReindex, .storeBackup,
            .storeRestore, .storeExport,
        ]
    )
}

extension Option {
    static let storeNumber = Option("--store", value: "NUMBER", help: "Only this store; \"store stat\" lists them")
    static let paced = Option("--paced", help: "Read no faster than the setting store/upkeep-rate")
}

extension Invocation {
    /// The stores there are, or the one that was named.
    func storeNumbers() async throws(CommandError) -> [String] {
        if let number = value(.storeNumber) { return [number] }
        return try await ask(.get, ["stores"]).array?.map { $0.shown("number") } ?? []
    }

    /// The query that says how fast.
    var pace: [AdminRequest.Parameter] { has(.paced) ? [.init("paced", "yes")] : [] }
}
