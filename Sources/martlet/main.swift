// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminCLI
internal import Glibc
internal import ServiceControl

// The program: a worker when service control starts it as one, else the command line.

let words = Array(CommandLine.arguments.dropFirst())
let variables = ProgramEnvironment.variables
if let inheritance = WorkerInheritance(arguments: words, environment: variables) {
    exit(Workers.run(inheritance))
}
let name = CommandLine.arguments.first.flatMap { $0.split(separator: "/").last }.map(String.init) ?? "martlet"
exit(CommandLineProgram(.martlet, environment: variables).run(words, as: name))
