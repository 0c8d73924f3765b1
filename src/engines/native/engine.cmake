swapc_engine(native SHARED_OBJECTS)
