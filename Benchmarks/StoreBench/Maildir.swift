// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Locking
import Runtime

/// Maildir as Postfix and Dovecot write it: a file in tmp, fsync, rename into new, fsync of the folder.
///
/// A thread for each writer, nothing but the octets is looked at. With `--uids 1` each message gets a UID in a list, as a
/// server needs to serve the folder by IMAP.
struct MaildirBench {
    private let options: BenchOptions
    private let folder: String

    init(_ options: BenchOptions) {
        self.options = options
        folder = options.words[1]
    }

    private func box(_ number: Int) -> String { "\(folder)/\(number)" }

    private func makeBoxes(_ count: Int) throws {
        try File.makeFolder(folder)
        for number in 0..<count {
            try File.makeFolder(box(number))
            for part in ["tmp", "new", "cur"] { try File.makeFolder("\(box(number))/\(part)") }
        }
    }

    func deliver() async throws {
        let accounts = options.value("--accounts", 300)
        try makeBoxes(accounts)
        let sample = MailSample.mixed()
        let writers = options.value("--writers", 1)
        let pool = BlockingPool(name: "writer", threads: writers)
        let end = Clock.now + Double(options.value("--seconds", 3))
        let keepsUIDs = options.value("--uids", 0) != 0
        let figures = DeliveryFigures()
        let counts = try await withThrowingTaskGroup(of: (messages: Int, octets: Int).self) { group in
            for writer in 0..<writers {
                group.addTask {
                    try await pool.run {
                        var generator = Mixer(seed: UInt64(writer))
                        var count = (messages: 0, octets: 0)
                        while Clock.now < end {
                            let octets = sample.messages[Int(generator.next() % UInt64(sample.messages.count))]
                            let target = box(Int(generator.next() % UInt64(accounts)))
                            let name = "\(writer).\(count.messages)"
                            try File.put(octets, to: target, name: name, durable: true)
                            if keepsUIDs { try UIDList.add(name, in: target) }
                            try File.arrive(at: target, name: name, durable: true)
                            count = (count.messages + 1, count.octets + octets.count)
                        }
                        return count
                    }
                }
            }
            return try await group.reduce((0, 0)) { ($0.0 + $1.messages, $0.1 + $1.octets) }
        }
        figures.say(counts)
    }

    /// Not durable: only the outcome is of interest.
    func fill() async throws {
        try makeBoxes(1)
        let sample = MailSample.small(options.value("--octets", 4000))
        for number in 0..<options.value("--messages", 100_000) {
            try File.put(
                sample.messages[number % sample.messages.count],
                to: box(0),
                name: "\(number)",
                durable: false
            )
            try File.arrive(at: box(0), name: "\(number)", durable: false)
        }
        for number in 0..<options.value("--messages", 100_000) {
            guard unsafe rename("\(box(0))/new/\(number)", "\(box(0))/cur/\(number):2,S") == 0 else {
                throw FileError()
            }
        }
    }

    func mailbox() throws {
        var figures = Figures()
        var names: [String] = []
        for name in ["cold", "warm"] {
            let begun = Clock.now
            names = try File.names("\(box(0))/cur").sorted()
            figures.add("SELECT \(name)", Clock.now - begun)
        }
        for name in ["cold", "warm"] {
            let begun = Clock.now
            var octets = 0
            for file in names {
                octets +=
                    "* \(octets) FETCH (UID \(octets) FLAGS (\(file.hasSuffix("S") ? "\\Seen" : "")))\r\n".utf8.count
            }
            figures.add("FETCH FLAGS \(name)", Clock.now - begun)
        }
        let count = min(10_000, names.count / 4)
        for (index, name) in ["cold", "warm"].enumerated() {
            let begun = Clock.now
            for file in names[(index * count)..<((index + 1) * count)] {
                guard unsafe rename("\(box(0))/cur/\(file)", "\(box(0))/cur/\(file)F") == 0 else { throw FileError() }
            }
            try File.syncFolder("\(box(0))/cur")
            figures.add("STORE 10k \(name)", Clock.now - begun)
        }
        for (index, name) in ["cold", "warm"].enumerated() {
            let begun = Clock.now
            for file in names[(index * count)..<((index + 1) * count)] {
                guard unsafe unlink("\(box(0))/cur/\(file)F") == 0 else { throw FileError() }
            }
            try File.syncFolder("\(box(0))/cur")
            figures.add("EXPUNGE 10k \(name)", Clock.now - begun)
        }
        var generator = Mixer(seed: 3)
        let bodies = (0..<1000).map { _ in names[2 * count + Int(generator.next() % UInt64(count))] }
        for name in ["cold", "warm"] {
            let begun = Clock.now
            for file in bodies { _ = try File.contents("\(box(0))/cur/\(file)") }
            figures.add("1000 bodies \(name)", Clock.now - begun)
        }
        figures.say()
    }
}

struct FileError: Error {
    var number = errno
}

/// Files by the plain calls.
enum File {
    static func makeFolder(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError() }
    }

    /// Into tmp.
    static func put(_ octets: [UInt8], to box: String, name: String, durable: Bool) throws {
        let temporary = "\(box)/tmp/\(name)"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError() }
        defer { close(descriptor) }
        var done = 0
        while done < octets.count {
            let result = unsafe octets.withUnsafeBytes { buffer in
                unsafe buffer.baseAddress.map { unsafe write(descriptor, $0 + done, buffer.count - done) } ?? -1
            }
            guard result > 0 else { throw FileError() }
            done += result
        }
        if durable, fsync(descriptor) != 0 { throw FileError() }
    }

    /// From tmp into new.
    static func arrive(at box: String, name: String, durable: Bool) throws {
        guard unsafe rename("\(box)/tmp/\(name)", "\(box)/new/\(name)") == 0 else { throw FileError() }
        if durable { try syncFolder("\(box)/new") }
    }

    static func syncFolder(_ path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError() }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError() }
    }

    static func contents(_ path: String) throws -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError() }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw FileError() }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    static func names(_ path: String) throws -> [String] {
        guard let stream = unsafe opendir(path) else { throw FileError() }
        defer { unsafe closedir(stream) }
        var found: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { found.append(name) }
        }
        return found
    }
}
