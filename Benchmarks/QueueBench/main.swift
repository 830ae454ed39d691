// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import MailQueue
import MailTypes
import Runtime
import SMTPWire
import Settings

// usage: QueueBench FOLDER MESSAGES
//
// Puts messages into a queue, opens it again, and says how long that took and how much memory it takes; then sends all
// of them to nowhere.

/// The rest of the world: takes everything at once.
struct Nowhere: DeliveryTransport, QueueRouter, ReportWriter {
    func deliver(
        _ batch: DeliveryBatch,
        willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        _ = try? await batch.content.read(at: 0, maximum: 64 << 10)
        guard await willSendEnd(Array(batch.recipients.indices)) else { return DeliveryResult([]) }
        let taken = DeliveryOutcome(.delivered, SMTPReply(250, .other, "Taken"), isPeersReply: true, host: "nowhere")
        return DeliveryResult([DeliveryOutcome](repeating: taken, count: batch.recipients.count))
    }

    func route(_ recipient: RecipientCommand, of message: QueuedMessage, size: UInt64, at time: Int64) -> QueueRoute {
        guard case .address(let address) = recipient.forwardPath else { return .refused(SMTPReply(550)) }
        return .destination("mx:\(address.domain)")
    }

    func drafts(_ request: ReportRequest) async -> [ReportDraft]? { [] }
}

/// Kilobytes of memory that this process has.
func residentKilobytes() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 200)
    guard unsafe fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
        separator: " "
    )
    return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 4
}

func seconds(_ duration: Duration) -> String {
    let (whole, fraction) = duration.components
    let hundredths = Int(fraction / 10_000_000_000_000_000)
    return "\(whole).\(hundredths < 10 ? "0" : "")\(hundredths) s"
}

func message(_ number: Int) -> QueuedMessage {
    var mail = MailCommand(.null)
    mail.trace = .random()
    let address = MailboxAddress("recipient\(number)@d\(number % 1000).example")
    let recipients = address.map { [QueuedRecipient(RecipientCommand(.address($0)), destination: "")] } ?? []
    return QueuedMessage(mail, recipients)
}

guard CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[2]) else {
    unsafe puts("usage: QueueBench FOLDER MESSAGES")
    exit(64)
}
let folder = CommandLine.arguments[1]
let body = Array(
    String(repeating: "A line of a message of about two thousand octets, as they are.\r\n", count: 32).utf8
)
let failure: String? = EventLoop.runBlocking { loop in
    let settings = LiveSettings(
        SettingsSnapshot(texts: [
            "queue/low-disk": "0", "queue/maximum-messages": "100000000", "queue/connections": "500",
        ])
    )
    let services = QueueServices(transport: Nowhere(), router: Nowhere(), reports: Nowhere(), settings: settings)
    let clock = ContinuousClock()
    do {
        let empty = residentKilobytes()
        var queue = try await MailQueue.open(folder, services, loop: loop)
        let filling = queue
        let fill = try await clock.measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var next = 0
                func add() {
                    guard next < count else { return }
                    let number = next
                    next += 1
                    group.addTask(executorPreference: loop) {
                        _ = try await filling.accept(message(number), .octets(OctetBlock(body)))
                    }
                }
                for _ in 0..<512 { add() }
                while try await group.next() != nil { add() }
            }
        }
        unsafe puts("\(count) messages taken, 512 at a time: \(seconds(fill))")
        unsafe puts("memory of the process then: \(residentKilobytes() - empty) kB more than at first")
        await queue.close()
        var opened: MailQueue?
        let open = try await clock.measure { opened = try await MailQueue.open(folder, services, loop: loop) }
        guard let opened else { return "not open" }
        queue = opened
        let figures = await queue.figures
        unsafe puts("opened again: \(seconds(open)), \(figures.messages) messages")
        let page = await clock.measure { _ = await queue.page(QueueFilter(), after: nil, limit: 100) }
        unsafe puts("first page of a hundred: \(seconds(page))")
        let send = try await clock.measure {
            await queue.setSending(true)
            while await queue.figures.messages > 0 {
                await queue.tick()
                try await loop.sleep(for: .milliseconds(50))
            }
        }
        unsafe puts("sent, 500 at a time: \(seconds(send))")
        await queue.close()
        return nil
    } catch {
        return "\(error)"
    }
}
if let failure {
    unsafe puts(failure)
    exit(1)
}
