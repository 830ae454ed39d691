// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events

extension Command {
    static func eventsExplain(_ catalogue: EventCatalogue) -> Command {
        let event = Argument("ID", help: "The number or the name of an event")
        return Command(
            "explain",
            summary: "Tell what an event means, why it happens and what to do",
            arguments: [event],
            options: [.json],
            examples: ["martlet events explain 4097"],
            action: .perform { (invocation) throws(CommandError) in
                let word = try invocation.word(event)
                let found = catalogue.definitions.first { $0.name == word || String($0.number) == word }
                guard let found else {
                    let nearest = NearestName.of(word, among: catalogue.definitions.map(\.name))
                    throw CommandError(
                        .noInput,
                        "There is no event \"\(word)\"\(nearest.map { "; did you mean \($0)?" } ?? ".") "
                            + "See: martlet events catalogue"
                    )
                }
                invocation.show(eventDescription(found)) { event in
                    """
                    \(event.shown("id")) \(event.shown("name")) (\(event.shown("type")))
                    \(event.shown("text"))

                      cause:  \(event.shown("cause"))
                      action: \(event.shown("action"))
                    """
                }
            }
        )
    }
}
