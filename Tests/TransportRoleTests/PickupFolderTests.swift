// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import MailTypes
import Runtime
import Testing
import TransportRole

@Suite struct PickupFolderTests {
    private let folder: PickupFolder

    init() throws {
        folder = PickupFolder("/tmp/martlet-pickup-\(Hex.encode(secureRandom(8)))")
        #expect(folder.prepare(mode: 0o700))
    }

    private func write(_ name: PickupName, _ text: String = "mail") {
        let path = (Array("\(folder.path)/".utf8) + name.octets).map { CChar(bitPattern: $0) } + [0]
        let fd = unsafe open(path, O_CREAT | O_WRONLY | O_EXCL, 0o600)
        #expect(fd >= 0)
        _ = unsafe Glibc.write(fd, text, text.utf8.count)
        close(fd)
    }

    private func read(_ finding: PickupFolder.Finding) -> String? {
        guard case .claimed(let trace) = finding else { return nil }
        return folder.read("\(trace).eml", maximum: 1000).map { String(decoding: $0.octets, as: UTF8.self) }
    }

    @Test func `A name is octets`() {
        let name = PickupName(Array("bad".utf8) + [0xFF] + Array(".eml".utf8))
        write(name)
        #expect(folder.list(maximum: 10, passingOver: []).names == [name])
        #expect(read(folder.claim(name, maximumOctets: 100)) == "mail")
        #expect(folder.list(maximum: 10, passingOver: []).names.isEmpty)
    }

    @Test func `A name as long as names may be is set aside, too`() {
        let name = PickupName(String(repeating: "n", count: 251) + ".eml")
        write(name, String(repeating: "x", count: 200))
        #expect(folder.claim(name, maximumOctets: 100) == .bad("it is larger than mail may be"))
        #expect(folder.setAside(name))
        #expect(folder.list(maximum: 10, passingOver: []).names.isEmpty)
    }

    @Test func `Files that are passed over take nobody's place`() {
        let names = (0..<30).map { PickupName("\($0).eml") }
        for name in names + [PickupName(".hidden.eml"), PickupName("eml"), PickupName("x.tmp")] { write(name) }
        let first = folder.list(maximum: 20, passingOver: [])
        #expect(first.names.count == 20 && !first.isWhole && first.passedOver.isEmpty)
        let second = folder.list(maximum: 20, passingOver: Set(first.names))
        #expect(second.names.count == 10 && second.isWhole && second.passedOver == Set(first.names))
        #expect(Set(first.names + second.names) == Set(names))
        #expect(folder.list(maximum: 30, passingOver: []).isWhole)
    }

    @Test func `Another file under the name that was looked at goes back`() throws {
        let name = PickupName("a.eml")
        write(name, "one")
        guard case .whole(let file) = folder.look(at: name, maximumOctets: 100) else {
            Issue.record("no whole file")
            return
        }
        #expect(unsafe unlink("\(folder.path)/a.eml") == 0)
        // The new one may well get the old one's number on the disk.
        #expect(unsafe mkfifo("\(folder.path)/a.eml", 0o600) == 0)
        #expect(folder.take(name, file) == .notReady)
        let left = folder.list(maximum: 10, passingOver: []).names
        #expect(left.count == 1)
        #expect(folder.claim(try #require(left.first), maximumOctets: 100) == .bad("it is no file"))
    }

    @Test func `Reading a claim does not wait for a pipe, nor read what has a second name`() {
        #expect(unsafe mkfifo("\(folder.path)/claimed/pipe.eml", 0o600) == 0)
        #expect(folder.read("pipe.eml", maximum: 100) == nil)
        write(PickupName("x.tmp"))
        #expect(unsafe link("\(folder.path)/x.tmp", "\(folder.path)/claimed/second.eml") == 0)
        #expect(folder.read("second.eml", maximum: 100) == nil)
        #expect(unsafe unlink("\(folder.path)/x.tmp") == 0)
        #expect(folder.read("second.eml", maximum: 100)?.octets == Array("mail".utf8))
    }
}
