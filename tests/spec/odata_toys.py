"""The metadata of two small services: one as SAP Gateway writes it (version 2), one of version 4."""

V2 = """\
<?xml version="1.0" encoding="utf-8"?>
<!-- plant maintenance -->
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
    xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
    xmlns:sap="http://www.sap.com/Protocols/SAPData">
 <edmx:DataServices m:DataServiceVersion="2.0">
  <Schema Namespace="ZPLANT_SRV" xmlns="http://schemas.microsoft.com/ado/2008/09/edm" sap:schema-version="1">
   <EntityType Name="WorkOrder" sap:content-version="1">
    <Key><PropertyRef Name="OrderNo"/></Key>
    <Property Name="OrderNo" Type="Edm.String" Nullable="false" MaxLength="12" sap:label="Order"
        sap:creatable="false" sap:updatable="false"/>
    <Property Name="ShortText" Type="Edm.String" MaxLength="40" sap:quickinfo="What is to be done"/>
    <Property Name="Priority" Type="Edm.String" MaxLength="1"/>
    <Property Name="Equipment" Type="Edm.String" MaxLength="18"/>
    <Property Name="ActualCost" Type="Edm.Decimal" Precision="13" Scale="2" Nullable="false"/>
    <Property Name="ChangedAt" Type="Edm.DateTime" Precision="7" ConcurrencyMode="Fixed"/>
    <NavigationProperty Name="Operations" FromRole="Order" ToRole="Operation"
        Relationship="ZPLANT_SRV.OrderOperations"/>
    <NavigationProperty Name="ToEquipment" FromRole="Order" ToRole="Equipment"
        Relationship="ZPLANT_SRV.OrderEquipment"/>
   </EntityType>
   <EntityType Name="Operation">
    <Key><PropertyRef Name="OrderNo"/><PropertyRef Name="Step"/></Key>
    <Property Name="OrderNo" Type="Edm.String" Nullable="false"/>
    <Property Name="Step" Type="Edm.Int32" Nullable="false"/>
    <Property Name="Hours" Type="Edm.Double"/>
   </EntityType>
   <EntityType Name="Equipment">
    <Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.Guid" Nullable="false"/>
    <Property Name="SerialNumber" Type="Edm.String"/>
    <Property Name="FunctionalLocation" Type="Edm.String"/>
   </EntityType>
   <EntityType Name="Attachment" m:HasStream="true">
    <Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.Int64" Nullable="false"/>
    <Property Name="FileName" Type="Edm.String"/>
   </EntityType>
   <Association Name="OrderOperations">
    <End Type="ZPLANT_SRV.WorkOrder" Multiplicity="1" Role="Order"/>
    <End Type="ZPLANT_SRV.Operation" Multiplicity="*" Role="Operation"/>
   </Association>
   <Association Name="OrderEquipment">
    <End Type="ZPLANT_SRV.WorkOrder" Multiplicity="*" Role="Order"/>
    <End Type="ZPLANT_SRV.Equipment" Multiplicity="0..1" Role="Equipment"/>
   </Association>
   <EntityContainer Name="ZPLANT_SRV_Entities" m:IsDefaultEntityContainer="true">
    <EntitySet Name="WorkOrderSet" EntityType="ZPLANT_SRV.WorkOrder" sap:deletable="false" sap:searchable="true"/>
    <EntitySet Name="OperationSet" EntityType="ZPLANT_SRV.Operation" sap:creatable="false" sap:updatable="false"
        sap:deletable="false" sap:pageable="false" sap:addressable="false"/>
    <EntitySet Name="EquipmentSet" EntityType="ZPLANT_SRV.Equipment"/>
    <EntitySet Name="AttachmentSet" EntityType="ZPLANT_SRV.Attachment"/>
    <AssociationSet Name="OrderOperationsSet" Association="ZPLANT_SRV.OrderOperations"/>
    <FunctionImport Name="ReleaseOrder" ReturnType="ZPLANT_SRV.WorkOrder" EntitySet="WorkOrderSet" m:HttpMethod="POST">
     <Parameter Name="OrderNo" Type="Edm.String" Mode="In"/>
    </FunctionImport>
   </EntityContainer>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>
"""

V4 = """\
<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
 <edmx:DataServices>
  <Schema Namespace="Plant.Care" Alias="self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
   <EnumType Name="Status"><Member Name="Open" Value="0"/><Member Name="Closed" Value="1"/></EnumType>
   <EnumType Name="Shifts" IsFlags="true"><Member Name="Day"/><Member Name="Night"/></EnumType>
   <TypeDefinition Name="Money" UnderlyingType="Edm.Decimal"/>
   <ComplexType Name="Address"><Property Name="Street" Type="Edm.String"/></ComplexType>
   <EntityType Name="Thing" Abstract="true">
    <Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.Guid" Nullable="false">
     <Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/>
    </Property>
   </EntityType>
   <EntityType Name="WorkOrder" BaseType="self.Thing">
    <Property Name="Title" Type="Edm.String" Nullable="false" MaxLength="80">
     <Annotation Term="Org.OData.Core.V1.Description" String="What is to be done"/>
    </Property>
    <Property Name="Status" Type="self.Status" Nullable="false"/>
    <Property Name="Priority" Type="Edm.Int32"/>
    <Property Name="Cost" Type="self.Money"/>
    <Property Name="Site" Type="self.Address"/>
    <Property Name="Labels" Type="Collection(Edm.String)" Nullable="false"/>
    <Property Name="ChangedAt" Type="Edm.DateTimeOffset"/>
    <Property Name="Photo" Type="Edm.Stream"/>
    <NavigationProperty Name="Tasks" Type="Collection(self.Task)" ContainsTarget="true"/>
    <NavigationProperty Name="Asset" Type="self.Asset"/>
   </EntityType>
   <EntityType Name="Task">
    <Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.Int32" Nullable="false"/>
   </EntityType>
   <EntityType Name="Asset" BaseType="self.Thing">
    <Property Name="SerialNumber" Type="Edm.String"/>
    <NavigationProperty Name="WorkOrders" Type="Collection(self.WorkOrder)"/>
   </EntityType>
   <Action Name="Close" IsBound="true">
    <Parameter Name="order" Type="self.WorkOrder"/>
    <Parameter Name="Remark" Type="Edm.String" Nullable="false"/>
   </Action>
   <Function Name="Overdue" IsBound="true">
    <Parameter Name="orders" Type="Collection(self.WorkOrder)"/>
    <Parameter Name="Days" Type="Edm.Int32" Nullable="false"/>
    <ReturnType Type="Collection(self.WorkOrder)"/>
   </Function>
   <Action Name="Recount"/>
   <EntityContainer Name="Service">
    <EntitySet Name="WorkOrders" EntityType="self.WorkOrder">
     <Annotation Term="Org.OData.Core.V1.OptimisticConcurrency"><Collection/></Annotation>
     <Annotation Term="Org.OData.Capabilities.V1.ChangeTracking">
      <Record><PropertyValue Property="Supported" Bool="true"/></Record>
     </Annotation>
    </EntitySet>
    <EntitySet Name="Assets" EntityType="self.Asset"/>
    <Singleton Name="Plant" Type="self.Asset"/>
    <ActionImport Name="Recount" Action="self.Recount"/>
   </EntityContainer>
   <Annotations Target="self.Service/Assets">
    <Annotation Term="Org.OData.Capabilities.V1.DeleteRestrictions">
     <Record><PropertyValue Property="Deletable" Bool="false"/></Record>
    </Annotation>
    <Annotation Term="Org.OData.Capabilities.V1.TopSupported" Bool="false"/>
    <Annotation Term="Org.OData.Capabilities.V1.SortRestrictions">
     <Record><PropertyValue Property="Sortable" Bool="false"/></Record>
    </Annotation>
   </Annotations>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>
"""

JSON_V4 = """\
{
 "$Version": "4.01",
 "$EntityContainer": "Plant.Care.Service",
 "Plant.Care": {
  "Status": {"$Kind": "EnumType", "Open": 0, "Closed": 1},
  "WorkOrder": {
   "$Kind": "EntityType",
   "$Key": ["Id"],
   "Id": {"$Type": "Edm.Int32"},
   "Title": {"$MaxLength": 80, "@Org.OData.Core.V1.Description": "What is to be done"},
   "Status": {"$Type": "Plant.Care.Status", "$Nullable": true},
   "Asset": {"$Kind": "NavigationProperty", "$Type": "Plant.Care.Asset", "$Nullable": true}
  },
  "Asset": {"$Kind": "EntityType", "$Key": ["Tag"], "Tag": {}},
  "Close": [{"$Kind": "Action", "$IsBound": true, "$Parameter": [{"$Name": "order", "$Type": "Plant.Care.WorkOrder"}]}],
  "Service": {
   "$Kind": "EntityContainer",
   "WorkOrders": {
    "$Collection": true,
    "$Type": "Plant.Care.WorkOrder",
    "@Org.OData.Capabilities.V1.DeleteRestrictions": {"Deletable": false}
   },
   "Assets": {"$Collection": true, "$Type": "Plant.Care.Asset"}
  }
 }
}
"""
