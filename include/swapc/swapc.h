/* swapc/swapc.h - all of libswapc for an embedder: include this one. */
#ifndef SWAPC_SWAPC_H
#define SWAPC_SWAPC_H

#include "swapc/allocator.h"
#include "swapc/bytes.h"
#include "swapc/error.h"
#include "swapc/host.h"
#include "swapc/limits.h"
#include "swapc/log.h"
#include "swapc/module.h"
#include "swapc/slot.h"
#include "swapc/version.h"
#include "swapc/trust.h"

#endif
