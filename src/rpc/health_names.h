/* health_names.h - the methods of grpc.health.v1, for its service and its client. */
#ifndef SWAPCI_HEALTH_NAMES_H
#define SWAPCI_HEALTH_NAMES_H

#define SWAPCI_HEALTH_CHECK "/grpc.health.v1.Health/Check"
#define SWAPCI_HEALTH_WATCH "/grpc.health.v1.Health/Watch"
#define SWAPCI_HEALTH_LIST "/grpc.health.v1.Health/List"
#define SWAPCI_HEALTH_NAME_MAX 127 /* bytes of a service's name */

#endif
