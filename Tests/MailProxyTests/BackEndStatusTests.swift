// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailProxy
import Testing

@Suite struct BackEndStatusTests {
    @Test("lines that are one") func roundTrip() {
        var statuses = [BackEndStatus.ready]
        for code in BackEndRefusal.Code.allCases { statuses.append(.refused(BackEndRefusal(code, "why not"))) }
        for status in statuses {
            #expect(status.line.suffix(2).elementsEqual("\r\n".utf8))
            #expect(BackEndStatus(parsing: Array(status.line.dropLast(2))) == status)
        }
    }

    @Test(
        "lines that are none",
        arguments: ["", "+OK ", "OK", "-ERR", "-ERR [", "-ERR []", "-ERR [NO-SUCH] x", "-ERR x [IN-USE]"]
    )
    func refuses(_ line: String) {
        #expect(BackEndStatus(parsing: Array(line.utf8)) == nil)
    }

    @Test func textCannotBreakTheLine() {
        let line = BackEndStatus.refused(
            BackEndRefusal(.temporary, "a\r\n+OK\r\n" + String(repeating: "x", count: 1000))
        ).line
        #expect(line.filter { $0 == 0x0A }.count == 1)
        #expect(line.count <= BackEndStatus.maximumLineOctets + 2)
    }
}
