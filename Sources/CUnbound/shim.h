// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <unbound.h>
