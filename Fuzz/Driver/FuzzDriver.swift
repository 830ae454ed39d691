// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Hands the program over to libFuzzer, which calls `check` with one input after the other and does not return before
/// it is told to stop. A trap, a failed precondition, an address error or a time-out is a finding.
///
/// libFuzzer's own `main` cannot be used: the package manager gives a program's entry point a name of its own.
package func fuzz(_ check: @escaping @Sendable ([UInt8]) -> Void) -> Never {
    unsafe checked = check
    var count = CommandLine.argc
    var arguments = unsafe CommandLine.unsafeArgv
    let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, size in
        let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: size))
        unsafe checked?(input)
        return 0
    }
    exit(status)
}

/// Written once, before libFuzzer begins; read on its one thread.
nonisolated(unsafe) private var checked: (@Sendable ([UInt8]) -> Void)?

@_silgen_name("LLVMFuzzerRunDriver")
private func LLVMFuzzerRunDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
