// swift-tools-version: 6.2
// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
import Foundation
import PackageDescription

/// Settings every Swift target shares: the house rules of docs/develop.md, section "Compiler settings".
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

/// CI sets MARTLET_STRICT=1, which makes every warning an error.
let strict = ProcessInfo.processInfo.environment["MARTLET_STRICT"] == "1"

/// script/fuzz sets MARTLET_FUZZ=1: the parts are then built with coverage and the address sanitizer, and each folder
/// of Fuzz/ with Swift files in it is a program FuzzNAME.
let fuzzing = ProcessInfo.processInfo.environment["MARTLET_FUZZ"] == "1"
let fuzzed: [SwiftSetting] = fuzzing ? [.unsafeFlags(["-sanitize=fuzzer,address"])] : []
let settings = house + (strict ? [.treatAllWarnings(as: .error)] : []) + fuzzed

/// A Swift library of the server.
///
/// `uses` names the targets it may import; arrows point down only (docs/architecture.md).
func part(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one part.
///
/// They may import whatever the part may, the part itself, the corpus, and the client that a server is held against.
func tests(of part: Target) -> Target {
    .testTarget(
        name: part.name + "Tests",
        dependencies: [.target(name: part.name), "TestCorpus"] + part.dependencies + (clients[part.name] ?? []),
        swiftSettings: settings
    )
}

/// By the name of a server's part.
let clients: [String: [Target.Dependency]] = ["IMAPServer": ["IMAPClient"], "POP3Server": ["POP3Client"]]

/// Parts that do nothing but put others together are tested end to end only.
func hasTests(_ part: Target) -> Bool { !["FrontEndRole", "AdminRole"].contains(part.name) }

/// Messages beside the working copy, for the tests of several parts.
let testCorpus = Target.target(name: "TestCorpus", path: "Tests/TestCorpus", swiftSettings: settings)

/// Every Swift part, bottom first.
let parts: [Target] = [
    // base
    part("Locking"),
    part("ByteTools", uses: ["CLinux"]),
    part("MailTypes", uses: ["ByteTools", "Locking"]),
    part("Compression", uses: ["CZlib", "CZstd", "Locking"]),
    part("Events", uses: ["ByteTools", "CLinux", "Locking"]),
    part("Settings", uses: ["ByteTools", "CLinux", "Locking"]),
    part("Runtime", uses: ["Compression", "ByteTools", "CLinux", "CUV", "COpenSSL", "Locking"]),
    part("ProtocolTrace", uses: ["ByteTools", "CLinux", "Locking", "Runtime"]),

    // grammar: pure, no I/O
    part("SMTPWire", uses: ["MailTypes", "ByteTools"]),
    part("IMAPWire", uses: ["MailTypes", "ByteTools"]),
    part("MilterWire", uses: ["MailTypes", "ByteTools"]),
    part("POP3Wire", uses: ["MailTypes", "ByteTools"]),
    part("MessageFormat", uses: ["MailTypes", "ByteTools", "CUnistring"]),
    part("SASL", uses: ["MailTypes", "ByteTools"]),
    part("MailboxFormats", uses: ["MailTypes", "ByteTools"]),
    part("DNSRecords", uses: ["MailTypes", "ByteTools"]),

    // reports: pure, above the grammars
    part("DeliveryReports", uses: ["SMTPWire", "MessageFormat", "MailTypes", "ByteTools"]),

    // journal and store
    part("SearchIndex", uses: ["MessageFormat", "ByteTools", "CLinux", "Compression", "Locking"]),
    part("Journal", uses: ["ByteTools", "CLinux", "Compression", "Runtime", "Locking"]),
    part(
        "MailStore",
        uses: [
            "SearchIndex", "MailTypes", "ByteTools", "Compression", "MessageFormat", "Events", "Settings", "Runtime",
            "Locking",
        ]
    ),
    part(
        "JournalStore",
        uses: [
            "MailStore", "SearchIndex", "Journal", "MailTypes", "ByteTools", "CLinux", "MessageFormat", "Events",
            "Settings", "Runtime", "Locking",
        ]
    ),

    // services
    part(
        "MailQueue",
        uses: ["Journal", "SMTPWire", "MailTypes", "ByteTools", "Events", "Settings", "Runtime", "Locking"]
    ),
    part(
        "Directory",
        uses: [
            "MailTypes", "ByteTools", "SASL", "Events", "Settings", "Runtime", "Locking", "CSQLite", "CCrypt",
            "CStringPrep",
        ]
    ),
    part(
        "TokenIntrospection",
        uses: ["Directory", "ByteTools", "Events", "Settings", "Runtime", "Locking", "CCurl"]
    ),
    part(
        "Resolver",
        uses: [
            "DNSRecords", "SMTPWire", "MailTypes", "ByteTools", "CLinux", "Events", "Settings", "Runtime", "Locking",
            "CUnbound", "CIDN2",
        ]
    ),

    part("Routing", uses: ["SMTPWire", "MailTypes", "ByteTools", "Events", "Settings", "Runtime", "Locking"]),

    // protocols
    part(
        "SMTPServer",
        uses: [
            "SMTPWire", "SASL", "MailTypes", "ByteTools", "MessageFormat", "Events", "Settings", "ProtocolTrace",
            "Runtime",
            "Locking",
        ]
    ),
    part(
        "MilterClient",
        uses: ["MilterWire", "SMTPWire", "MailTypes", "ByteTools", "Events", "Settings", "Runtime", "Locking"]
    ),
    part("SMTPClient", uses: ["SMTPWire", "MessageFormat", "MailTypes", "ByteTools", "Runtime", "Locking"]),
    part(
        "IMAPServer",
        uses: [
            "IMAPWire", "SASL", "MailStore", "MailTypes", "ByteTools", "MessageFormat", "Events", "Settings",
            "Runtime", "Locking",
        ]
    ),
    part(
        "POP3Server",
        uses: [
            "POP3Wire", "SASL", "MailStore", "MessageFormat", "MailTypes", "ByteTools", "Events", "Settings", "Runtime",
            "Locking",
        ]
    ),
    part("IMAPClient", uses: ["IMAPWire", "MailTypes", "ByteTools", "Runtime"]),
    part("POP3Client", uses: ["POP3Wire", "MailTypes", "ByteTools", "Runtime"]),
    part("MailSQL", uses: ["ByteTools", "CSQLite"]),
    part("MailProxy", uses: ["MailTypes", "ByteTools", "Events", "Settings", "Runtime", "Locking"]),
    part(
        "AdminAPI",
        uses: [
            "Directory", "SASL", "MailTypes", "ByteTools", "CLinux", "Events", "Settings", "ProtocolTrace", "Runtime",
            "Locking",
        ]
    ),

    // composition
    part(
        "ServiceControl",
        uses: ["AdminAPI", "Directory", "MailTypes", "Events", "Settings", "Runtime", "Locking", "ByteTools", "CLinux"]
    ),
    part(
        "MailAdmin",
        uses: [
            "MailQueue", "Journal", "SMTPWire", "Directory", "Routing", "Resolver", "SMTPClient",
            "ServiceControl", "AdminAPI", "JournalStore", "MailStore", "MessageFormat", "MailTypes", "ByteTools",
            "Events", "Settings", "Runtime", "Locking",
        ]
    ),
    part(
        "FrontEndRole",
        uses: [
            "ServiceControl", "IMAPServer", "POP3Server", "MailProxy", "Directory", "TokenIntrospection", "SASL",
            "MailTypes", "ByteTools", "Events", "Settings", "Runtime", "Locking",
        ]
    ),
    part(
        "BackEndRole",
        uses: [
            "ServiceControl", "AdminAPI", "MailAdmin", "IMAPServer", "POP3Server", "SMTPServer", "MailProxy",
            "JournalStore", "MailStore", "MessageFormat", "Directory", "SASL", "MailTypes", "ByteTools", "Events",
            "Settings", "Runtime", "Locking",
        ]
    ),
    part(
        "TransportRole",
        uses: [
            "ServiceControl", "SMTPServer", "SMTPClient", "MailQueue", "DeliveryReports", "Resolver", "MailAdmin",
            "AdminAPI", "Routing", "Directory", "TokenIntrospection", "SASL", "MailTypes", "ByteTools", "Events",
            "Settings", "Runtime", "Locking",
            "SMTPWire", "MilterWire", "MilterClient", "MessageFormat", "ProtocolTrace",
            "Journal", "MailStore",
        ]
    ),
    part(
        "ResolverRole",
        uses: [
            "ServiceControl", "AdminAPI", "Resolver", "DNSRecords", "MailTypes", "ByteTools", "Events", "Settings",
            "Runtime", "Locking",
        ]
    ),
    part(
        "Catalogue",
        uses: [
            "ServiceControl", "MailQueue", "TransportRole", "BackEndRole", "SMTPServer", "IMAPServer", "POP3Server",
            "MailProxy", "MilterClient",
            "JournalStore", "MailStore", "AdminAPI", "Routing", "Directory", "TokenIntrospection", "Resolver", "Events",
            "Settings",
        ]
    ),
    part(
        "AdminRole",
        uses: [
            "ServiceControl", "AdminAPI", "MailAdmin", "ResolverRole", "Resolver", "Routing", "Directory", "ByteTools",
            "Events", "ProtocolTrace",
            "Settings", "Runtime", "Locking",
        ]
    ),
    part(
        "AdminCLI",
        uses: [
            "AdminAPI", "ProtocolTrace", "MailAdmin", "MailSQL", "MailboxFormats", "MessageFormat", "ServiceControl",
            "ResolverRole", "SMTPWire",
            "Routing", "Resolver", "Directory", "MailTypes", "ByteTools", "CLinux", "Events", "Settings", "Runtime",
            "Locking",
        ]
    ),
]

/// C: Debian's libraries, and a few lines of our own for what Swift cannot import.
let foundations: [Target] = [
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
    .systemLibrary(name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
    .systemLibrary(name: "CUnistring", providers: [.apt(["libunistring-dev"])]),
    .systemLibrary(name: "CStringPrep", pkgConfig: "libidn", providers: [.apt(["libidn-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "CLinux"),
]
/// The fuzz targets, from what lies in Fuzz/.
///
/// A target depends on the parts that it imports and on nothing else, so that work on one part cannot keep another from
/// being fuzzed.
@MainActor
func fuzzTargets() -> [Target] {
    guard fuzzing else { return [] }
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fuzz")
    let manager = FileManager.default
    let names = (try? manager.contentsOfDirectory(atPath: folder.path)) ?? []
    let known = Set(parts.map(\.name)).union(["FuzzDriver"])
    let targets = names.sorted().filter { $0 != "Driver" }.compactMap { name -> Target? in
        let path = folder.appendingPathComponent(name).path
        let sources = ((try? manager.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".swift") }
        guard !sources.isEmpty else { return nil }
        let words = sources.compactMap { try? String(contentsOfFile: path + "/" + $0, encoding: .utf8) }
            .flatMap { $0.split(separator: "\n") }
            .filter { $0.hasPrefix("import ") || $0.hasPrefix("internal import ") }
            .compactMap { $0.split(separator: " ").last.map(String.init) }
        return .executableTarget(
            name: "Fuzz" + name,
            dependencies: Set(words).intersection(known).sorted().map { .target(name: $0) },
            path: "Fuzz/" + name,
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        )
    }
    return targets + [.target(name: "FuzzDriver", path: "Fuzz/Driver", swiftSettings: house)]
}

/// Programs that measure and try the store, in Benchmarks/ (script/measure, script/soak).
///
/// The tests' build compiles them too, so that a change of what they use cannot leave them behind.
@MainActor
func benchmarkTargets() -> [Target] {
    let uses: [Target.Dependency] = [
        "JournalStore", "Journal", "MailStore", "SearchIndex", "MailTypes", "MessageFormat", "ByteTools", "Compression",
        "CLinux", "Events", "Settings", "Runtime", "Locking", "MailQueue", "SMTPWire",
    ]
    let clients: [Target.Dependency] = [
        "IMAPClient", "POP3Client", "SMTPClient", "IMAPWire", "POP3Wire", "SMTPWire", "MessageFormat", "MailTypes",
        "ByteTools", "CLinux", "Runtime", "Locking",
    ]
    let small: [Target.Dependency] = ["SMTPWire", "ByteTools", "CLinux"]
    func program(_ name: String, _ uses: [Target.Dependency]) -> Target {
        .executableTarget(
            name: name,
            dependencies: uses,
            path: "Benchmarks/" + name,
            exclude: name == "Budgets" ? ["budgets.json"] : [],
            swiftSettings: settings
        )
    }
    return ["StoreBench", "StoreDrill", "SearchBench", "QueueBench"].map { program($0, uses) }
        + ["Load", "Budgets"].map { program($0, clients) } + ["DataBench"].map { program($0, small) }
}

let package = Package(
    name: "martlet",
    products: [.executable(name: "martlet", targets: ["martlet"])],
    targets: foundations + parts + [testCorpus] + parts.filter(hasTests).map(tests(of:)) + fuzzTargets()
        + benchmarkTargets() + [
            // program
            .executableTarget(
                name: "martlet",
                dependencies: [
                    "AdminCLI", "Catalogue", "ServiceControl", "FrontEndRole", "BackEndRole", "TransportRole",
                    "AdminRole",
                    "ResolverRole", "Events", "Settings", "Runtime",
                ],
                swiftSettings: settings
            )
        ]
)
