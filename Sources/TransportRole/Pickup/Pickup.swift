// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MailQueue
internal import MailTypes
internal import MessageFormat
internal import Runtime
internal import SMTPServer
internal import SMTPWire
internal import Settings

/// Takes mail from the pickup folder into the queue, each file once.
///
/// A file is claimed by renaming it to the name of a trace. The queue takes the message frozen, under that trace; then
/// the file gets the name of the queue's message, the message is thawed, and the file is removed. Whatever ends this
/// process between two of these steps, the next one sees from the file's name and the queue which were done.
///
/// One worker does this, on its loop.
final class Pickup {
    /// Files that are looked at before the folder is read again; those that were not ready are passed over then.
    private static let batch = 1000
    private static let pause: Duration = .milliseconds(250)
    /// After something that stands in the way of all files.
    private static let longPause: Duration = .seconds(2)

    private let folder: PickupFolder
    private let services: PickupServices
    private let reports: PickupReports
    private let loop: EventLoop
    /// Names that can be neither taken nor set aside: told of once.
    private var stuck: Set<PickupName> = []
    /// Files that were not ready, and are looked at again when all others were: however many there are, they hold up
    /// nobody else's mail.
    private var waiting: Set<PickupName> = []
    private static let maximumWaiting = 100_000
    private var isHalted = false
    /// There may be claimed files that were not brought to their end.
    private var needsRecovery = true

    init(_ folder: PickupFolder, _ services: PickupServices, loop: EventLoop) {
        self.folder = folder
        self.services = services
        reports = PickupReports(services)
        self.loop = loop
    }

    /// Runs until the loop drains.
    func run() async {
        let mode = services.settings.current[PickupSettings.access].mode
        let folder = folder
        guard await BlockingPool.shared.run({ folder.prepare(mode: mode) }) else {
            return halt("the folder \(folder.path) cannot be used")
        }
        while true {
            let isSmooth = services.settings.current[PickupSettings.enabled] ? await takeBatch() : true
            do throws(IOError) { try await loop.sleep(for: isSmooth ? Self.pause : Self.longPause) } catch { return }
        }
    }

    /// False when something stands in the way of all files.
    private func takeBatch() async -> Bool {
        if needsRecovery { await recover() }
        guard !needsRecovery else { return false }
        let found = await nextNames()
        for name in found.names {
            if let obstacle = await services.queue.obstacle {
                halt("the queue takes nothing: \(obstacle)")
                return false
            }
            let begun = ContinuousClock.now
            guard await take(name) else {
                if !found.isWhole { waiting.insert(name) }
                continue
            }
            guard !needsRecovery else { return false }
            let wait = .seconds(1) / services.settings.current[PickupSettings.rate] - (ContinuousClock.now - begun)
            guard wait > .zero else { continue }
            do throws(IOError) { try await loop.sleep(for: wait) } catch { return true }
        }
        return true
    }

    /// The next files that are to be looked at.
    private func nextNames() async -> PickupFolder.Listing {
        let (folder, others) = (folder, stuck.union(waiting))
        let found = await BlockingPool.shared.run { folder.list(maximum: Self.batch, passingOver: others) }
        if found.isWhole {
            stuck.formIntersection(found.passedOver)
            waiting = []
        } else if waiting.count >= Self.maximumWaiting {
            waiting = []
        }
        return found
    }

    /// False when the file is not ready.
    private func take(_ name: PickupName) async -> Bool {
        let (folder, maximum) = (folder, services.maximumOctets)
        switch await BlockingPool.shared.run({ folder.claim(name, maximumOctets: maximum) }) {
        case .notReady: return false
        case .bad(let reason):
            let isAside = await BlockingPool.shared.run { folder.setAside(name) }
            if !isAside { stuck.insert(name) }
            reject(name.text, reason, nil)
            await reports.report(isAside ? "\(folder.bad), from \(name.text)" : name.text, reason, nil)
        case .claimed(let trace): await bring("\(trace).eml", trace)
        }
        return true
    }

    /// Brings a claimed file into the queue; when that cannot be done now, it is tried again.
    private func bring(_ name: String, _ trace: TraceID) async {
        let (folder, maximum) = (folder, services.maximumOctets)
        guard let file = await BlockingPool.shared.run({ folder.read(name, maximum: maximum) }) else {
            return await setAside(name, "it cannot be read", trace)
        }
        let message: PickupMessage
        let domain = await services.domain()
        do throws(PickupMessage.Fault) {
            message = try PickupMessage(parsing: file.octets, domain: domain)
        } catch {
            return await setAside(name, error.description, trace, file.octets)
        }
        switch await services.accept(message, trace, owner: file.owner) {
        case .queued(let queued):
            let next = "\(trace).\(queued.isHeld ? Self.heldPrefix : "")\(queued.id)"
            guard await BlockingPool.shared.run({ folder.rename(name, to: next) }) else {
                return halt("a claimed file cannot be renamed", recovers: true)
            }
            await finish(queued, next, trace)
        case .dropped: await BlockingPool.shared.run { folder.remove(name) }
        case .refused(let reply): await setAside(name, reply.summary, trace, file.octets)
        case .later(let reason): return halt(reason, recovers: true)
        }
        isHalted = false
    }

    /// Before the name of a message that stays frozen.
    private static let heldPrefix = "held-"

    /// The file says that the queue has the message: refuses whom nobody knows, and lets it go.
    private func finish(_ queued: QueuedPickup, _ name: String, _ trace: TraceID) async {
        if !queued.refused.isEmpty { await services.queue.refuse(queued.id, queued.refused) }
        if !queued.isHeld { _ = try? await services.queue.thaw(queued.id) }
        let folder = folder
        await BlockingPool.shared.run { folder.remove(name) }
        services.events.record(.pickupTaken, ["queue.id": .string("\(queued.id)")], trace: trace.text)
    }

    // MARK: After a restart

    /// Claimed files are where they are because this was interrupted, or could not go on.
    private func recover() async {
        needsRecovery = false
        let folder = folder
        for name in await BlockingPool.shared.run({ folder.claims() }) {
            let parts = name.split(separator: ".").map(String.init)
            guard parts.count == 2, let trace = TraceID(parts[0]) else {
                await setAside(name, "its name is none of ours", nil)
                continue
            }
            if parts[1] != "eml" {
                await resume(name, trace, parts[1])
            } else if let (id, isHeld) = await services.queue.frozenMessage(of: trace) {
                let suffix = "\(isHeld ? Self.heldPrefix : "")\(id)"
                guard await BlockingPool.shared.run({ folder.rename(name, to: "\(trace).\(suffix)") }) else { continue }
                await resume("\(trace).\(suffix)", trace, suffix)
            } else {
                await bring(name, trace)
            }
        }
    }

    private func resume(_ name: String, _ trace: TraceID, _ suffix: String) async {
        let isHeld = suffix.hasPrefix(Self.heldPrefix)
        guard let id = QueueID(isHeld ? String(suffix.dropFirst(Self.heldPrefix.utf8.count)) : suffix) else {
            return await setAside(name, "its name is none of ours", trace)
        }
        let (folder, maximum) = (folder, services.maximumOctets)
        let file = await BlockingPool.shared.run { folder.read(name, maximum: maximum) }
        var refused: [ForwardPath: SMTPReply] = [:]
        let domain = await services.domain()
        if let file, let message = try? PickupMessage(parsing: file.octets, domain: domain) {
            guard let found = await services.resolve(message, trace) else {
                return halt("recipients cannot be looked up", recovers: true)
            }
            refused = found.refused
        }
        await finish(QueuedPickup(id: id, refused: refused, isHeld: isHeld), name, trace)
    }

    // MARK: Telling

    private func setAside(_ name: String, _ reason: String, _ trace: TraceID?, _ octets: [UInt8]? = nil) async {
        let folder = folder
        let isAside = await BlockingPool.shared.run { folder.setAside(claim: name) }
        reject(name, reason, trace)
        await reports.report("\(isAside ? folder.bad : folder.claimed)/\(name)", reason, octets)
    }

    private func reject(_ name: String, _ reason: String, _ trace: TraceID?) {
        services.events.record(
            .pickupRejected,
            ["pickup.file": .string(PrintableText.escaped(name)), "pickup.reason": .string(reason)],
            trace: trace?.text
        )
    }

    /// Once, until it goes on.
    private func halt(_ reason: String, recovers: Bool = false) {
        needsRecovery = needsRecovery || recovers
        guard !isHalted else { return }
        isHalted = true
        services.events.record(.pickupHalted, ["pickup.reason": .string(reason)])
    }
}
