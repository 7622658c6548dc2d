/* <openais/saAis.h> in the source tree; an installation has the header itself here. */
#include "../saAis.h"
