/*
 * Between the walk over the elements of a topology and what they mean: the
 * services of a topology document, the objects of Export-Clixml. Knows nothing
 * of the parser but the shape of its attributes.
 */
#ifndef IMPORT_TOPOLOGY_XML_H
#define IMPORT_TOPOLOGY_XML_H

#include "import/topology.h"

struct topo_attributes {
	int count;
	const void *at; /* five pointers each, as the parser hands them over */
};
const char *topo_attribute(struct topo *t, const struct topo_attributes *a, const char *name); /* or NULL */

/* A topology document: clusters, and services that are placed on them. Every function takes text as
 * attributes hold it, NULL when they are absent. */
struct topo_services;
struct topo_services *topo_services_open(struct topo *t); /* NULL: stopped */
void topo_services_default(struct topo_services *s, const char *domain);
void topo_services_domain(struct topo_services *s, const char *name, uint32_t line);
void topo_services_site(struct topo_services *s, const char *id);
void topo_services_site_end(struct topo_services *s);
void topo_services_site_name(struct topo_services *s, const char *name);
void topo_services_cluster(struct topo_services *s, const struct topo_attributes *a, uint32_t line);
void topo_services_cluster_id(struct topo_services *s, const struct topo_attributes *a);
void topo_services_machine(struct topo_services *s, const char *fqdn, uint32_t line);
void topo_services_address(struct topo_services *s, const char *address, uint32_t line);
void topo_services_service(struct topo_services *s, const struct topo_attributes *a, uint32_t line);
void topo_services_service_id(struct topo_services *s, const struct topo_attributes *a);
void topo_services_place(struct topo_services *s, const struct topo_attributes *a);
void topo_services_port(struct topo_services *s, const struct topo_attributes *a, uint32_t line);
void topo_services_registrar(struct topo_services *s, const struct topo_attributes *a, uint32_t line);
/* `side`: "e" external, "i" internal settings, "" the service as such. */
void topo_services_web(struct topo_services *s, const struct topo_attributes *a, const char *side, uint32_t line);
void topo_services_component(struct topo_services *s, const char *name, uint32_t line);
void topo_services_wac(struct topo_services *s, const struct topo_attributes *a, uint32_t line);
void topo_services_service_end(struct topo_services *s);
void topo_services_close(struct topo_services *s);

/* The elements below Objs. */
struct topo_objects;
struct topo_objects *topo_objects_open(struct topo *t);
void topo_objects_start(struct topo_objects *o, const char *name, const struct topo_attributes *a, uint32_t line);
void topo_objects_end(struct topo_objects *o, const char *name, const char *text, bool has_children);
void topo_objects_close(struct topo_objects *o, bool complete); /* accepts NULL */

#endif
