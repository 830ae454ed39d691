// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import DeliveryReports
import Glibc
import MailTypes
import SMTPWire
import Testing

/// Reports as another program reads them: Python's email package, which notes every defect.
@Suite(.timeLimit(.minutes(20))) struct StrictReadingTests {
    /// For each file: its parts' types, and the fields of each recipient.
    private static let script = """
        import email, email.policy, sys
        for path in sys.argv[1:]:
            with open(path, "rb") as file:
                octets = file.read()
            assert b"\\n" not in octets.replace(b"\\r\\n", b""), "bare newline"
            assert max(map(len, octets.split(b"\\r\\n"))) <= 998, "long line"
            policy = email.policy.SMTPUTF8
            report = email.message_from_bytes(octets, policy=policy)
            for part in report.walk():
                assert not part.defects, part.defects
                for name, value in part.items():
                    defects = [type(d).__name__ for d in getattr(value, "defects", [])]
                    # What it calls so is RFC 6532's UTF-8 in headers.
                    known = {"NonASCIILocalPartDefect", "UndecodableBytesDefect"}
                    assert not set(defects) - known, (name, value, defects)
            assert report.get_content_type() == "multipart/report", report.get_content_type()
            assert report.get_param("report-type") == "delivery-status"
            assert report["Auto-Submitted"] and report["Date"].datetime and report["From"] and report["To"].addresses
            text, status, original = report.get_payload()
            assert text.get_content_type() == "text/plain"
            blocks = status.get_payload()
            if status.get_content_type() == "message/global-delivery-status":
                # The package takes it for a message: its header are the first fields, its body the others.
                rest = blocks[0].get_payload().replace("\\r\\n", "\\n")
                blocks += [email.message_from_string(text, policy=policy) for text in rest.split("\\n\\n")]
            assert blocks[0]["Reporting-MTA"].startswith("dns; ")
            for block in blocks[1:]:
                if not block.keys():
                    continue
                assert block["Final-Recipient"] and block["Status"] and block["Action"], block.items()
            actions = ",".join(block["Action"] for block in blocks[1:] if block.keys())
            print(status.get_content_type(), original.get_content_type(), actions)
        """

    private func read(_ reports: [DeliveryReport]) throws -> [String] {
        let folder = "/tmp/martlet-test-\(UInt64.random(in: .min ... .max))"
        let isMade = unsafe mkdir(folder, 0o700) == 0
        try #require(isMade)
        var names = ["\(folder)/read.py"]
        try write(Array(Self.script.utf8), to: names[0])
        for (number, report) in reports.enumerated() {
            names.append("\(folder)/\(number).eml")
            try write(report.octets, to: names[number + 1])
        }
        defer {
            for name in names { unsafe unlink(name) }
            unsafe rmdir(folder)
        }
        let output = "\(folder)/output"
        names.append(output)
        let command = "python3 " + names.dropLast().joined(separator: " ") + " >\(output) 2>&1"
        _ = unsafe system(command)
        let fd = unsafe open(output, O_RDONLY)
        defer { close(fd) }
        var octets = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe Glibc.read(fd, &octets, octets.count)
        return String(decoding: octets.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func write(_ octets: [UInt8], to path: String) throws {
        let fd = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        let count = unsafe Glibc.write(fd, octets, octets.count)
        close(fd)
        try #require(count == octets.count)
    }

    @Test func `Every sort of report is without defect`() throws {
        let context = try Samples.context()
        var reports: [DeliveryReport] = []
        for action in DeliveryAction.allCases {
            let recipient = try Samples.recipient(action) {
                $0.reply = SMTPReply(450, nil, String(repeating: "word ", count: 300))
                $0.willRetryUntil = 1_700_000_000
            }
            reports += DeliveryReports.reports(on: try Samples.message(), [recipient, recipient], context)
        }
        let eightBit = "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhellö\r\n"
        reports += DeliveryReports.reports(
            on: try Samples.message(eightBit),
            [try Samples.recipient(.failed)],
            context
        )
        let unicode = try Samples.message(from: "ä@x.example", "Subject: ü\r\n\r\nx\r\n") { $0.usesUTF8 = true }
        reports += DeliveryReports.reports(on: unicode, [try Samples.recipient(.failed, "ö@y.example")], context)
        reports += DeliveryReports.reports(on: unicode, [try Samples.recipient(.delivered, "ö@y.example")], context)
        let many = try (0..<1_000).map { try Samples.recipient(.failed, "u\($0)@y.example") }
        reports += DeliveryReports.reports(on: try Samples.message(), many, context)
        let postmaster = try Samples.address("postmaster@example.org")
        reports += DeliveryReports.notices(
            to: postmaster,
            on: try Samples.message(from: ""),
            [try Samples.recipient(.failed)],
            context
        )
        let status = "message/delivery-status"
        let expected =
            ["\(status) message/rfc822 failed,failed"]
            + ["delayed", "delivered", "relayed", "expanded"].map { "\(status) text/rfc822-headers \($0),\($0)" }
            + [
                "\(status) message/rfc822 failed", "message/global-delivery-status message/global failed",
                "message/global-delivery-status message/global-headers delivered",
                "\(status) message/rfc822 " + Array(repeating: "failed", count: 1_000).joined(separator: ","),
                "\(status) message/rfc822 failed",
            ]
        let found = try read(reports)
        #expect(found == expected)
    }
}
