// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Events
internal import Glibc
internal import Locking
internal import MailTypes
internal import ProtocolTrace
internal import Settings

let sampleTree = SettingsTree(
    adminAPISettings + [
        SettingKey(
            "imap/share-retry-attempts",
            default: 16,
            in: 0...1000,
            perInstance: true,
            classic: ["imapsvc/ImapShareRetryAttempts"],
            help: "How often a busy account is tried again."
        ).declaration
    ]
)

/// A data folder of its own, left to the system's cleaning of /tmp.
func makeDataFolder() -> String {
    var template = Array("/tmp/martlet-admin-XXXXXX\0".utf8CString)
    return unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? "/nonexistent"
}

/// Keeps events for the test to look at.
final class KeptEvents: EventSink {
    private let kept = Lock<[UInt16]>([])
    var numbers: [UInt16] { kept.withLock { $0 } }
    func record(_ event: Event) { kept.withLock { $0.append(event.definition.number) } }
}

func sampleRouter(folder: String, services: Bool = true, events: KeptEvents = KeptEvents()) -> AdminRouter {
    let recorder = EventRecorder(sink: events)
    return AdminRouter(
        AdminContext(
            settings: SettingsAdministration(
                file: SettingsFile(dataFolder: folder, tree: sampleTree),
                events: recorder
            ),
            eventLog: EventReader(folder: folder + "/log"),
            tracking: TrackingReader(folder: folder + "/log/tracking"),
            traces: TraceFolder(folder + "/log/trace"),
            catalogue: EventCatalogue(adminAPIEvents),
            directory: MemoryDirectory(),
            services: services ? FixedServices() : nil,
            events: recorder
        )
    )
}

/// One service whose mode is a setting that is there.
struct FixedServices: ServiceAdministration {
    private func service(_ state: String = "running") -> [ServiceStatus] {
        [ServiceStatus(name: "imap", role: "backend", pid: 42, state: state, restarts: 3, started: 0)]
    }
    func services() -> [ServiceStatus] { service() }
    func restart(_ name: String?) -> [ServiceStatus] { service() }
    func start(_ name: String?) -> [ServiceStatus] { service() }
    func stop(_ name: String?) -> [ServiceStatus] { service("stopped") }
    func modeSetting(ofRole role: String) -> String? { "imap/share-retry-attempts" }
}

/// A directory of one domain, `example.org`, in memory.
final class MemoryDirectory: DirectoryAdministration {
    private let accounts = Lock<[String: AccountRecord]>([:])

    func domainRecords() -> [DomainRecord] { [DomainRecord(name: "example.org")] }
    func addDomainRecord(_ domain: Domain, aliasOf original: Domain?) throws(AdminError) -> DomainRecord {
        guard domain.text != "example.org" else { throw AdminError(.conflict, "It is there already.") }
        return DomainRecord(name: domain.text, aliasOf: original?.text)
    }
    func removeDomainRecord(_ domain: Domain) throws(AdminError) {}
    func accountRecords(in domain: Domain?) -> [AccountRecord] {
        accounts.withLock { $0.values.sorted { $0.address < $1.address } }
    }
    func accountRecord(_ address: MailboxAddress) throws(AdminError) -> AccountRecord {
        guard let record = accounts.withLock({ $0[address.description] }) else {
            throw AdminError(.notFound, "There is no account \(address).")
        }
        return record
    }
    func addAccountRecord(
        _ address: MailboxAddress,
        secret: AccountSecret?,
        _ change: AccountChange
    ) throws(AdminError) -> AccountRecord {
        let record = AccountRecord(
            id: 1,
            address: address.description,
            hasPassword: secret != nil,
            services: change.imap == false ? [] : ["imap"],
            quotaOctets: change.quotaOctets == .limited(5) ? 5 : nil
        )
        accounts.withLock { $0[address.description] = record }
        return record
    }
    func changeAccountRecord(_ address: MailboxAddress, _ change: AccountChange) throws(AdminError) -> AccountRecord {
        var record = try accountRecord(address)
        record.isEnabled = change.isEnabled ?? record.isEnabled
        return record
    }
    func setAccountSecret(_ address: MailboxAddress, _ secret: AccountSecret?) throws(AdminError) {
        _ = try accountRecord(address)
    }
    func removeAccountRecord(_ address: MailboxAddress, keepsMail: Bool) throws(AdminError) {
        _ = try accountRecord(address)
    }
    func appPasswordRecords(of address: MailboxAddress) throws(AdminError) -> [AppPasswordRecord] {
        _ = try accountRecord(address)
        return [AppPasswordRecord(name: "phone", services: ["imap"], created: 5)]
    }
    func addAppPasswordRecord(
        _ address: MailboxAddress,
        name: String,
        services: [String]
    ) throws(AdminError) -> AppPasswordRecord {
        _ = try accountRecord(address)
        return AppPasswordRecord(name: name, services: services, created: 5, text: "abcd-efgh")
    }
    func removeAppPasswordRecord(_ address: MailboxAddress, name: String) throws(AdminError) {
        guard name == "phone" else { throw AdminError(.notFound, "There is none.") }
    }
    func banRecords() -> [BanRecord] {
        [BanRecord(subject: "192.0.2.1/32", since: 1, until: 9, reason: "r", isByHand: false)]
    }
    func addBanRecord(_ subject: String, seconds: Int64, reason: String) {}
    func removeBanRecord(_ subject: String) throws(AdminError) {
        guard subject == "192.0.2.1" else { throw AdminError(.notFound, "There is none.") }
    }
    func aliasRecords(in domain: Domain?) -> [AliasRecord] { [] }
    func addAliasRecord(_ address: MailboxAddress, targets: [MailboxAddress]) -> AliasRecord {
        AliasRecord(address: address.description, targets: targets.map(\.description))
    }
    func setAliasRecord(_ address: MailboxAddress, targets: [MailboxAddress]) -> AliasRecord {
        addAliasRecord(address, targets: targets)
    }
    func removeAliasRecord(_ address: MailboxAddress) {}
    func setForwardRecord(
        _ address: MailboxAddress,
        targets: [MailboxAddress],
        keepsCopy: Bool
    ) throws(AdminError) -> AccountRecord {
        var record = try accountRecord(address)
        (record.forwardsTo, record.keepsCopy) = (targets.map(\.description), keepsCopy)
        return record
    }
    func groupRecords(in domain: Domain?) -> [GroupRecord] { [] }
    func groupRecord(_ address: MailboxAddress) throws(AdminError) -> GroupRecord {
        throw AdminError(.notFound, "There is no group \(address).")
    }
    func addGroupRecord(_ address: MailboxAddress, _ change: GroupRecordChange) -> GroupRecord {
        GroupRecord(
            address: address.description,
            members: change.members?.map(\.description) ?? [],
            owner: change.owner??.description,
            senders: change.senders ?? []
        )
    }
    func changeGroupRecord(_ address: MailboxAddress, _ change: GroupRecordChange) -> GroupRecord {
        addGroupRecord(address, change)
    }
    func removeGroupRecord(_ address: MailboxAddress) {}
    func writeCopy(to path: String) {}
}
